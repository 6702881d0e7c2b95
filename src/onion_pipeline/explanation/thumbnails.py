"""Small pictures for a page that shows many."""

import numpy as np
from PIL import Image

from onion_pipeline.annotations import Pixels


def shrink_images(images: Pixels, side: int) -> Pixels:
    """Return uint8 (N, H, W, C) pictures, reduced to at most `side` pixels in height and width.

    N is at least 1 and C 1 or 3. Pixels are the means of blocks; small pictures stay as they are.
    """
    step = -(-max(images.shape[1:3]) // side)
    if step == 1:
        return images
    planes = images[..., 0] if images.shape[3] == 1 else images
    small = [np.asarray(Image.fromarray(plane).reduce(step)) for plane in planes]
    return np.stack(small).reshape(len(images), *small[0].shape[:2], images.shape[3])
