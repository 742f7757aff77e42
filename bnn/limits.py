"""What hardware takes at the most, for all who read files or write circuits."""

MOST_KERNEL = 11  # side of a +-1 kernel, as far as has been simulated
MOST_CHANNELS = 4096  # of a picture
MOST_CLASSES = 256  # a class is a byte
