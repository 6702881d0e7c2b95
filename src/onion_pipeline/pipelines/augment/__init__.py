"""Make variants of the training images with albumentations."""
