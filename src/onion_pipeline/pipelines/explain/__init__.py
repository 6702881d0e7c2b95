"""Show what each layer of the trained network does to pictures."""
