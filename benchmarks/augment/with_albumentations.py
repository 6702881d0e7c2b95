"""Augment with albumentations, picture by picture: ``python with_albumentations.py SECONDS``."""

import os
import sys

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations
import cv2
from pictures import report_speeds
from policy import list_transforms


def prepare(shape, pictures):
    """Return a function that makes a variant of each picture."""
    named = [item for transform in list_transforms(shape) for item in transform.items()]
    steps = [getattr(albumentations, name)(**arguments) for name, arguments in named]
    pipeline = albumentations.Compose(steps, seed=0)
    return lambda: [pipeline(image=picture)["image"] for picture in pictures]


if __name__ == "__main__":
    cv2.setNumThreads(0)  # faster on small pictures
    report_speeds(prepare, float(sys.argv[1]))
