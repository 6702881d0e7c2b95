import numpy as np
import pytest

from onion_pipeline.images.decoding import decode_image, read_header
from onion_pipeline.images.sources.bmp import encode_bmp, measure_bmp


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (5, 7), (7, 5), (3, 258), (300, 2)])
def test_the_decoder_finds_the_same_pixels_in_gray(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    data = encode_bmp(pixels)
    assert len(data) == measure_bmp(*shape)
    np.testing.assert_array_equal(decode_image(data, (*shape, 1))[..., 0], pixels)
    header = read_header(data)
    assert (header.format, header.height, header.width) == ("BMP", *shape)
    assert header.grayscale
