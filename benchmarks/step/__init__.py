"""Training images per second, and how much of the machine they use, with several tools."""
