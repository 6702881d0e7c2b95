"""Small pictures for a page that shows many."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def shrink_images(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return pictures of at most `side` pixels in height and width, each the mean of a block.

    Args:
        images: uint8, (N, H, W, C), with N at least 1 and C 1 or 3.
        side: in pixels.

    Returns:
        uint8, (N, h, w, C); the images themselves where they are small enough.
    """
    step = -(-max(images.shape[1:3]) // side)
    if step == 1:
        return images
    small = [np.asarray(_open(image).reduce(step)) for image in images]
    return np.stack(small).reshape(len(images), *small[0].shape[:2], images.shape[3])


def _open(image: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
