"""Find the learning rate to take."""
