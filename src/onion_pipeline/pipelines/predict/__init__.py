"""Classify new images with a registered network."""
