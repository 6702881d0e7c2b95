"""The policy, by the names and arguments of albumentations."""

COLOR = {"brightness": (0.8, 1.2), "contrast": (0.8, 1.2), "saturation": (0.8, 1.2)}


def list_transforms(shape):
    """Return the transforms for pictures of `shape`, each one name with its arguments."""
    grey = {"RandomBrightnessContrast": {"p": 0.5}}
    color = {"ColorJitter": {**COLOR, "hue": (-0.05, 0.05), "p": 0.5}}
    return [
        {"HorizontalFlip": {"p": 0.5}},
        {
            "Affine": {
                "rotate": (-15, 15),
                "shear": (-10, 10),
                "translate_percent": (-0.1, 0.1),
                "scale": (0.9, 1.1),
                "p": 1.0,
            }
        },
        grey if shape[2] == 1 else color,
        {
            "CoarseDropout": {
                "num_holes_range": (1, 2),
                "hole_height_range": (0.1, 0.25),
                "hole_width_range": (0.1, 0.25),
                "p": 0.5,
            }
        },
    ]
