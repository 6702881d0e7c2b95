import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from onion_pipeline.images.decoding import jpeg
from onion_pipeline.images.decoding.decoder import (
    RejectedImageError,
    Rendering,
    decode_image,
    read_header,
)
from onion_pipeline.images.decoding.exif import ORIENTATION, ImageHeader
from onion_pipeline.images.decoding.jpeg import decode_plain, read_plain_header

NOISE = np.random.default_rng(0).integers(0, 256, (21, 34, 3), dtype=np.uint8)


def encode(mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


EXIF = Image.Exif()
EXIF[ORIENTATION] = 6
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
KINDS = {
    "colour": encode(),
    "every_pixel_has_its_colour": encode(subsampling=0),
    "progressive": encode(progressive=True),
    "gray": encode("L"),
    "restarts": encode(restart_marker_rows=1),
    "comment": encode(comment=b"a holiday"),
}
MORE = {
    "exif": encode(exif=EXIF),
    "xmp": encode(xmp=XMP),
    "profile": encode(icc_profile=b"junk" * 40),
    "cmyk": encode("CMYK"),
}
SHAPES = [(21, 34, 3), (21, 34, 1), (8, 8, 3), (40, 3, 1)]


def find_outcome(data: bytes, shape: tuple[int, int, int], rendering: Rendering) -> object:
    try:
        return (read_header(data), decode_image(data, shape, rendering).tobytes())
    except RejectedImageError as error:
        return error.reason


def decode_by_pillow(data: bytes, shape: tuple[int, int, int], rendering: Rendering) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg, "read_plain_header", lambda _: None)
        return find_outcome(data, shape, rendering)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_jpeg_is_known_and_decoded(kind):
    header = read_plain_header(KINDS[kind])
    assert header == ImageHeader("JPEG", 21, 34, kind == "gray")
    assert decode_plain(KINDS[kind], header.grayscale).shape == (21, 34, 1 if kind == "gray" else 3)


@pytest.mark.parametrize("kind", MORE)
def test_what_holds_more_than_pixels_is_left_to_pillow(kind):
    assert read_plain_header(MORE[kind]) is None


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", KINDS["gray"][:90]])
def test_what_is_no_jpeg_is_left_to_pillow(data):
    assert read_plain_header(data) is None


def test_a_damaged_jpeg_is_left_to_pillow():
    assert decode_plain(KINDS["colour"][:-40], grayscale=False) is None


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [*KINDS, *MORE])
def test_the_pixels_are_those_of_pillow(kind, shape, resize):
    data = {**KINDS, **MORE}[kind]
    rendering = Rendering(resize)
    assert find_outcome(data, shape, rendering) == decode_by_pillow(data, shape, rendering)


@given(st.sampled_from(sorted(KINDS)), st.integers(0), st.integers(0, 7), st.sampled_from(SHAPES))
def test_a_flipped_bit_makes_no_difference_to_pillow(kind, place, bit, shape):
    data = bytearray(KINDS[kind])
    data[place % len(data)] ^= 1 << bit
    found = find_outcome(bytes(data), shape, Rendering())
    assert found == decode_by_pillow(bytes(data), shape, Rendering())


@given(st.sampled_from(sorted(KINDS)), st.floats(0.1, 0.99))
def test_a_truncated_jpeg_is_refused(kind, share):
    data = KINDS[kind]
    found = find_outcome(data[: int(len(data) * share)], (21, 34, 3), Rendering())
    assert found == "undecodable"
