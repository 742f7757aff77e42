"""What is trained: layers, networks, and the sizes that come with them."""
