"""The frozen network in integers, and its reference."""
