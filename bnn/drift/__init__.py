"""Do the pictures that come in still look like the held-out ones? For a belt, and for the driver on a board.

Needs NumPy and Python 3.10 alone.
"""
