"""Archives and compressed files, read in place where their format allows it."""
