"""Pictures of large cameras load, within a bound on memory that is a parameter."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from image_files import add_chunk
from PIL import Image

from onion_pipeline.images.decoding import reduction
from onion_pipeline.images.decoding.decoder import (
    RejectedImageError,
    Rendering,
    decode_image,
    read_header,
)
from onion_pipeline.images.decoding.exif import ORIENTATION
from onion_pipeline.images.decoding.opening import MAX_SIDE
from onion_pipeline.images.decoding.reduction import LARGE, find_reduction

pytestmark = pytest.mark.slow  # large pictures

SOURCE = Path(__file__).parents[3] / "src"
DECODE = """
import sys
from pathlib import Path
from onion_pipeline.images.decoding.decoder import decode_image

def read_peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

data, before = Path(sys.argv[1]).read_bytes(), read_peak()
decode_image(data, (32, 32, 3))
print(read_peak() - before)
"""
# Width and height of what is on the market, and of what phones and cameras put together.
CAMERAS = {
    "sony_61": (9504, 6336),
    "fuji_102": (11648, 8736),
    "phase_one_151": (14204, 10652),
    "phone_200": (16320, 12240),
    "pixel_shift_240": (19008, 12672),
    "panorama_of_a_phone": (16000, 4000),
    "panorama_around": (30000, 4000),
}


def encode(image: Image.Image, name: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def claim_size(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(encode(Image.new("RGB", (8, 8)), "JPEG"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(("width", "height"), CAMERAS.values(), ids=CAMERAS)
def test_pictures_of_every_camera_are_allowed(width, height):
    header = read_header(claim_size(width, height))
    assert (header.width, header.height) == (width, height)


@pytest.mark.parametrize(("width", "height"), CAMERAS.values(), ids=CAMERAS)
@pytest.mark.parametrize("side", [32, 128, 512])
def test_what_is_decoded_of_them_is_never_large(width, height, side):
    by = find_reduction((width, height), (side, side))
    assert (width // by) * (height // by) <= LARGE
    assert min(width, height) // by >= side


def test_more_pixels_than_the_parameter_allows_are_refused_by_its_name():
    data = encode(Image.new("L", (30, 20)), "PNG")
    assert read_header(data, Rendering(max_pixels=600)).width == 30
    for read in (read_header, lambda data, rendering: decode_image(data, (4, 4, 1), rendering)):
        with pytest.raises(RejectedImageError) as caught:
            read(data, Rendering(max_pixels=599))
        assert caught.value.reason == "too_many_pixels"
        assert caught.value.detail == (
            "30x20 are 600 pixels and ingest.max_pixels allows 599: --params ingest.max_pixels=600"
        )


@pytest.mark.parametrize("name", ["JPEG", "BMP", "GIF", "TIFF", "WEBP"])
def test_the_limit_holds_for_each_format(name):
    data = encode(Image.new("L", (30, 20)), name)
    with pytest.raises(
        RejectedImageError, match=r"30x20 are 600 pixels.*ingest\.max_pixels=(600|2400)$"
    ):
        read_header(data, Rendering(max_pixels=599))


def test_webp_which_takes_more_memory_counts_more():
    data = encode(Image.new("L", (30, 20)), "WEBP")
    assert read_header(data, Rendering(max_pixels=2400)).width == 30
    with pytest.raises(RejectedImageError, match=r"600 pixels, counted 4 times in WEBP,"):
        read_header(data, Rendering(max_pixels=2399))


def test_pillow_does_not_contradict_the_parameter(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    data = encode(Image.new("L", (30, 20)), "PNG")
    assert decode_image(data, (4, 4, 1), Rendering(max_pixels=600)).shape == (4, 4, 1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert decode_image(data, (4, 4, 1)).shape == (4, 4, 1)
    assert Image.MAX_IMAGE_PIXELS is None


def test_a_side_beyond_any_format_is_refused():
    data = encode(Image.new("1", (MAX_SIDE + 1, 1)), "PNG")
    with pytest.raises(RejectedImageError, match=r"65536x1 pixels, a side may have 1 to 65535"):
        read_header(data)


def test_a_jpeg_of_61_megapixels_is_decoded():
    data = encode(Image.new("RGB", (9504, 6336), (200, 100, 50)), "JPEG", quality=20)
    decoded = decode_image(data, (32, 32, 3))
    np.testing.assert_allclose(decoded, np.broadcast_to((200, 100, 50), (32, 32, 3)), atol=4)


def make_photo(height: int, width: int) -> Image.Image:
    generator = np.random.default_rng(0)
    coarse = Image.fromarray(generator.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1", "LA", "CMYK", "I;16"])
@pytest.mark.parametrize("name", ["PNG", "TIFF", "JPEG"])
def test_a_large_picture_is_shrunk_to_the_same_pixels(name, mode, orientation, monkeypatch):
    """What is large is a parameter here, so that the test is quick."""
    photo = make_photo(601, 803)
    if mode == "I;16":
        photo = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    elif mode == "LA":
        photo = photo.convert("L").convert("LA")
    else:
        photo = photo.convert(mode)
    if (name == "JPEG" and mode not in {"RGB", "L", "CMYK"}) or (name == "PNG" and mode == "CMYK"):
        photo = make_photo(601, 803)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encode(photo, name, exif=exif)
    whole = decode_image(data, (40, 40, 3)).astype(int)
    monkeypatch.setattr(reduction, "LARGE", 100_000)
    difference = np.abs(decode_image(data, (40, 40, 3)) - whole)
    assert difference.mean() < 3
    assert np.percentile(difference, 99) < 12


def test_a_large_png_takes_4_bytes_for_a_pixel(tmp_path):
    """Of 60 million pixels: what is done to a small picture would take 16 for each."""
    width, height = 9504, 6336
    rows = zlib.compress((b"\0" + bytes(width * 3)) * height, 1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for chunk, content in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(chunk + content))
        data += struct.pack(">I", len(content)) + chunk + content + checksum
    exif = b"II*\0\x08\0\0\0" + struct.pack("<HHHLHHL", 1, ORIENTATION, 3, 1, 6, 0, 0)
    (tmp_path / "large.png").write_bytes(add_chunk(data, b"eXIf", exif))
    command = [sys.executable, "-c", DECODE, str(tmp_path / "large.png")]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) << 10 < 4 * width * height + (60 << 20)
