"""Read the images, decode them to one size and split them."""
