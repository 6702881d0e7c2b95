"""Augment with this project: ``python with_onion.py SECONDS``."""

import sys
from pathlib import Path

import numpy as np
from pictures import report_speeds
from policy import list_transforms

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from onion_pipeline.augmentation.policy import compose, make_policy
from onion_pipeline.augmentation.variants import make_variants


def prepare(shape, pictures):
    """Return a function that makes a variant of each picture."""
    pipeline = compose(make_policy(list_transforms(shape)))
    made = np.empty_like(pictures)
    return lambda: make_variants(pictures, 1, pipeline, 0, out=made)


if __name__ == "__main__":
    report_speeds(prepare, float(sys.argv[1]))
