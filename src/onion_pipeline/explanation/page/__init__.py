"""The page of the onion report: a template, a style and a script, filled in by `rendering`."""
