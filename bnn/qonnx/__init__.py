"""QONNX files: the integer network written and read, and files of other programs imported."""
