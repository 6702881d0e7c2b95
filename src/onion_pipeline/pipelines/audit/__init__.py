"""Find labels that are probably wrong."""
