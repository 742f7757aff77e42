"""Whole pictures by a map of cells: where something is, as boxes, how many there are, and how right that is."""
