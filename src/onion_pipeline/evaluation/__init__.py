"""What the test images say about a trained network."""
