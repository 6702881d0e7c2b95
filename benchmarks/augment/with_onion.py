"""Augment with this project: ``python with_onion.py SECONDS``."""

import sys
from pathlib import Path

import numpy as np
from pictures import report_speeds
from policy import list_transforms

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from onion_pipeline.augmentation.policy import compose, make_policy
from onion_pipeline.augmentation.variants import augment_rows


def prepare(shape, pictures):
    """Return a function that makes a variant of each picture."""
    pipeline = compose(make_policy(list_transforms(shape)))
    made, numbers = np.empty_like(pictures), np.ones(len(pictures), np.int64)
    return lambda: augment_rows(pictures, numbers, pipeline, 0, out=made)


if __name__ == "__main__":
    report_speeds(prepare, float(sys.argv[1]))
