"""The training loop, what it is fed with and how it reports."""
