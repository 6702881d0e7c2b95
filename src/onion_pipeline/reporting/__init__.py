"""The model card: what a model is for, how good it is and where it fails, for people to read."""
