"""From a folder of labelled pictures to a trained, tested and registered network."""

__version__ = "0.1.0"
