"""Alter bytes of folders: commands must refuse them in a sentence or give the same results, never a traceback."""
