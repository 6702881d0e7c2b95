"""From the bytes of a file to pixels: what is opened, with which limits, and how."""
