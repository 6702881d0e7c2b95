"""Comparisons of this project with other tools: ``make bench``, see README.md."""
