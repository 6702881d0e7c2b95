"""What each layer of a trained network does to a picture."""
