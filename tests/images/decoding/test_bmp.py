import io

import numpy as np
import pytest
from PIL import Image

from onion_pipeline.images.decoding.bmp import (
    decode_plain,
    encode_bmp,
    measure_bmp,
    read_plain_header,
)
from onion_pipeline.images.decoding.decoder import decode_image, read_header
from onion_pipeline.images.decoding.exif import ImageHeader


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (5, 7), (7, 5), (3, 258), (300, 2)])
def test_the_decoder_finds_the_same_pixels_in_gray(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    data = encode_bmp(pixels)
    assert len(data) == measure_bmp(*shape)
    np.testing.assert_array_equal(decode_image(data, (*shape, 1))[..., 0], pixels)
    header = read_header(data)
    assert (header.format, header.height, header.width) == ("BMP", *shape)
    assert header.grayscale


SIZES = [(1, 1), (1, 7), (28, 28), (5, 3), (9, 4)]


@pytest.mark.parametrize("size", SIZES)
def test_the_quick_way_back_gives_the_pixels_of_pillow(size):
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    data = encode_bmp(pixels)
    header = ImageHeader("BMP", *size, grayscale=True)
    assert read_plain_header(data) == header
    found = decode_plain(data, header)
    np.testing.assert_array_equal(found[..., 0], pixels)
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(found[..., 0], np.asarray(image))
    assert decode_image(data, (*size, 1)).tobytes() == pixels.tobytes()
    assert read_header(data) == header


def test_every_byte_of_the_headers_and_the_palette_counts():
    data = encode_bmp(np.zeros((3, 5), np.uint8))
    for place in range(54 + 1024):
        changed = bytearray(data)
        changed[place] ^= 1
        assert read_plain_header(bytes(changed)) is None


@pytest.mark.parametrize("cut", [0, 1, 2, 18, 53, 54, 1000, 1078])
def test_what_is_cut_short_or_too_long_is_left_to_pillow(cut):
    data = encode_bmp(np.zeros((3, 5), np.uint8))
    assert read_plain_header(data[:cut]) is None
    assert read_plain_header(data + b"\0") is None


def test_other_bmp_files_are_left_to_pillow():
    for mode in ("RGB", "P", "1"):
        written = io.BytesIO()
        Image.new(mode, (4, 4)).save(written, "BMP")
        assert read_plain_header(written.getvalue()) is None
