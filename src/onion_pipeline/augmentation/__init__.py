"""More pictures from the ones at hand; the only room that imports albumentations."""
