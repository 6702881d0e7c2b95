"""Make an untrained network of the list of layers."""
