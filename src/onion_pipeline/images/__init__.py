"""What an image is: where it comes from, how it is decoded, how it is split and stored."""
