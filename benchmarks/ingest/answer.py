"""What each contestant says at its end, in a form that the harness reads."""

import json
from typing import Any


def report(images: Any, labels: Any, seconds: float) -> None:
    """Print one line of JSON.

    Args:
        images: uint8 array (N, H, W, C); looked at here, so that its pixels must exist.
        labels: N class ids.
        seconds: from the end of the imports to the last pixel in its place.
    """
    answer = {
        "images": len(images),
        "labels": len(labels),
        "classes": len(set(labels.tolist())),
        "mean_pixel": float(images.mean()),
        "seconds_after_imports": seconds,
    }
    print(json.dumps(answer))
