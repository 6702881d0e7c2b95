"""What albumentations itself makes of images."""

import numpy as np

from onion_pipeline.augmentation.policy import compose, create_transform, make_policy
from onion_pipeline.augmentation.random_numbers import hash_variants

NO_CROP = dict.fromkeys(("x_min", "x_max", "y_min", "y_max"), -1)


def draw_image(shape, seed):
    if seed % 4 == 0:
        return np.full(shape, seed * 37 % 256, np.uint8)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def is_left(noted):
    """Albumentations itself notes the shape of the image beside what it has drawn."""
    return "shape" in noted


def try_transform(name, arguments, image, count=1):
    """Return results and drawn arguments of variants 1, 2, ... of an image."""
    pipeline = compose(make_policy([{name: arguments}]))
    keys = hash_variants(np.stack([image] * count), np.arange(1, 1 + count), seed=0)
    return [pipeline.try_transform(0, image, key) for key in keys[:, None]]


def apply_stock(name, arguments, image, noted):
    """Return what albumentations makes of an image, given the drawn arguments."""
    if is_left(noted):
        given = noted
    else:
        sizes = {"output_shape": image.shape[:2], "shape": image.shape}
        given = {"seed": 0} | sizes | NO_CROP | noted
    if "holes" in given:
        given = given | {"holes": np.array(given["holes"])}
    if name == "RandomBrightnessContrast" and "brightness" in given:  # a share of the mean
        given["beta"] = given.pop("brightness") * image.mean()
    result = create_transform(name, arguments).apply(image, **given)
    return result if result.ndim == image.ndim else result[..., None]
