"""A list of layers, checked shape by shape, and the Keras model made of it."""
