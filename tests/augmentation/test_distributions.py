"""What transforms draw has the distribution of what albumentations draws."""

import numpy as np
import pytest
from scipy import stats
from stock import draw_image, try_transform

from onion_pipeline.augmentation.policy import create_transform

pytestmark = pytest.mark.slow  # thousands of draws of albumentations

DRAWS = 1500
LIKELY = 1e-3  # seeds are fixed, so that this can fail by chance but once and for all
NUMBERS = ("alpha", "beta", "factor", "brightness", "contrast", "saturation", "hue")

POLICY = [
    ("Affine", {"rotate": [-12, 30], "shear": {"x": [-5, 9], "y": 0}, "scale": [0.8, 1.1]}),
    ("Affine", {"translate_percent": {"x": [-0.3, 0.1], "y": [0, 0.5]}}),
    ("Affine", {"translate_px": {"x": [-2, 3], "y": [0, 1]}, "scale": {"x": [1, 2], "y": 1}}),
    ("Rotate", {"limit": [-90, 20]}),
    ("RandomBrightnessContrast", {"brightness_limit": [-0.1, 0.3], "contrast_limit": 0.2}),
    ("ColorJitter", {"brightness": [0.5, 1.2], "hue": [-0.1, 0.3]}),
    ("CoarseDropout", {"num_holes_range": [1, 3], "hole_height_range": [0.1, 0.5]}),
    ("CoarseDropout", {"hole_height_range": [2, 9], "hole_width_range": [1, 4]}),
    ("RandomRotate90", {}),
    ("GaussNoise", {"std_range": [0.1, 0.4]}),
    ("GaussianBlur", {"sigma_limit": [0.5, 3]}),
]


def list_numbers(noted):
    """Return what one application has drawn as numbers by name."""
    found = {name: noted[name] for name in NUMBERS if name in noted}
    if "matrix" in noted:
        found |= {f"matrix {at}": x for at, x in enumerate(np.ravel(noted["matrix"])[:6])}
    if "order" in noted:
        found |= {f"{kind} comes": list(noted["order"]).index(kind) for kind in range(4)}
    if "holes" in noted:
        holes = np.asarray(noted["holes"])
        left, top, right, bottom = holes[-1]
        found |= {"count": len(holes), "left": left, "top": top}
        found |= {"width": right - left, "height": bottom - top}
    if "noise_map" in noted:
        found |= {"spread": np.std(noted["noise_map"])}
    if "kernel" in noted:
        found |= {"peak": np.max(noted["kernel"])}
    return {name: float(value) for name, value in found.items()}


def draw_stock(name, arguments, image):
    transform = create_transform(name, arguments | {"p": 1})
    transform.set_random_seed(0)
    for _ in range(DRAWS):
        transform(image=image)
        yield list_numbers(transform.params)


@pytest.mark.parametrize(("name", "arguments"), POLICY)
def test_draws_are_distributed_as_those_of_albumentations(name, arguments):
    image = draw_image((24, 30, 3) if name != "RandomRotate90" else (9, 9, 3), 1)
    ours = [list_numbers(noted) for _, noted in try_transform(name, arguments, image, DRAWS)]
    stock = list(draw_stock(name, arguments, image))
    assert ours[0].keys() == stock[0].keys() != set()
    for argument in ours[0]:
        mine, theirs = ([drawn[argument] for drawn in each] for each in (ours, stock))
        assert stats.ks_2samp(mine, theirs).pvalue > LIKELY, argument
        assert np.ptp(mine) == pytest.approx(np.ptp(theirs), rel=0.1, abs=1e-9), argument


def test_a_brightness_by_the_mean_is_a_share_of_it():
    name, arguments = "RandomBrightnessContrast", {"brightness_by_max": False}
    image = draw_image((8, 8, 3), 1)
    shares = [noted["brightness"] for _, noted in try_transform(name, arguments, image, DRAWS)]
    assert stats.kstest(shares, stats.uniform(-0.2, 0.4).cdf).pvalue > LIKELY
