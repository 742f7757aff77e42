"""The frozen network as a file, and files of other programs."""
