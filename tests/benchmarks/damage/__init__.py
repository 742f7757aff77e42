"""What becomes of folders whose bytes were altered: refused in a sentence, or without effect, never a traceback."""
