"""Values of 10, 12 or 14 bits in files of 16 are scaled by the bits that they have."""

import io
import re
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from image_files import add_chunk
from PIL import Image

from onion_pipeline.images.decoding.bit_depth import (
    describe_bit_depth,
    describe_few_bright,
    describe_other_depth,
    find_bit_depth,
    scale_to_8_bits,
)
from onion_pipeline.images.decoding.decoder import (
    Rendering,
    decode_image,
    measure_largest_value,
    read_header,
)
from onion_pipeline.images.index import index_images
from onion_pipeline.images.loading import decode_images
from onion_pipeline.images.sources import open_source


def encode_gray(values: np.ndarray, name: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values.astype(np.uint16)).save(file, name, **options)
    return file.getvalue()


def encode_deep_png(values: np.ndarray, interlaced: bool = False) -> bytes:
    """A PNG of 16 bits with 2 (gray, alpha), 3 or 4 channels, which Pillow does not write."""
    height, width, channels = values.shape
    kind = {2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, interlaced)
    data = b"\x89PNG\r\n\x1a\n"
    for chunk, content in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(chunk + content))
        data += struct.pack(">I", len(content)) + chunk + content + checksum
    return data


def encode_deep_tiff(values: np.ndarray, order: str = "<") -> bytes:
    """A TIFF of 16-bit RGB without compression."""
    height, width, channels = values.shape
    tags = [
        *((256, 3, width), (257, 3, height), (258, 3, 16), (259, 3, 1), (262, 3, 2)),
        *((273, 4, 8 + 2 + 12 * 9 + 4), (277, 3, channels), (278, 3, height)),
        (279, 4, values.size * 2),
    ]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    shapes = {3: "HHLHH", 4: "HHLL"}
    entries = b"".join(
        struct.pack(order + shapes[kind], tag, kind, 1, value, *([0] * (kind == 3)))
        for tag, kind, value in tags
    )
    pixels = values.astype(order + "u2").tobytes()
    return head + struct.pack(order + "H", len(tags)) + entries + bytes(4) + pixels


def make_index(*values: int | None) -> pd.DataFrame:
    column = pd.array(values, "Int64")
    return pd.DataFrame({"largest_value": column, "reason": pd.array([None] * len(values), "str")})


@pytest.mark.parametrize(
    ("largest", "depth"),
    [
        *((0, 8), (255, 8), (256, 10), (1023, 10), (1024, 12), (4095, 12), (4096, 14)),
        *((16383, 14), (16384, 16), (65535, 16)),
    ],
)
def test_the_fewest_bits_hold_every_value(largest, depth):
    assert find_bit_depth(make_index(None, largest, 0)) == depth


@pytest.mark.parametrize("largest", [[4095] * 9 + [65535], [4000, 3000, None, 16383, 4095]])
def test_a_few_bright_pictures_that_make_all_others_dark_are_told(largest):
    index = make_index(*largest).assign(path=[f"{i}.png" for i in range(len(largest))])
    brightest = max(value for value in largest if value)
    dark = sum(value <= 4095 for value in largest if value)
    said = describe_few_bright(index, find_bit_depth(index))
    assert f"No value of {dark} of the {dark + 1} pictures of 16 bits passes 4095" in said
    assert f"{largest.index(brightest)}.png up to {brightest}" in said
    assert "--params ingest.bit_depth=12" in said


@pytest.mark.parametrize(
    "largest", [[], [None], [4095], [65535] * 3, [3000] * 2 + [65535] * 3, [4095, 3000, 1000]]
)
def test_pictures_of_which_some_are_dark_are_ordinary(largest):
    index = make_index(*largest).assign(path="a.png")
    assert describe_few_bright(index, find_bit_depth(index)) is None


@pytest.mark.parametrize(
    ("largest", "depth", "said"),
    [
        ([4000, 4095], 16, "2 pictures of 16 bits that were looked at passes 4095.*16 bits: .* da"),
        ([4000, 65535], 12, "reach 65535, but .* 12 bits: what is above 4095 is white"),
        *(([], 16, None), ([4000], 12, None), ([1500], 12, None), ([20000], 16, None)),
    ],
)
def test_new_pictures_of_other_bits_than_a_model_takes_are_told(largest, depth, said):
    found = describe_other_depth(largest, depth)
    assert re.search(said, found) if said else found is None


def test_without_deep_pictures_the_depth_is_16():
    assert find_bit_depth(make_index(None, None)) == 16
    assert find_bit_depth(make_index()) == 16


def test_refused_pictures_have_no_say():
    index = make_index(4000, 65535).assign(reason=[None, "undecodable"])
    assert find_bit_depth(index) == 12
    assert describe_bit_depth(index, 12) == (
        "No value of the 1 pictures of 16 bits passes 4095: they are scaled as values of 12 bits, "
        "here and by the served model (ingest.bit_depth=16 takes them as they are)"
    )


@pytest.mark.parametrize("depth", range(8, 17))
def test_values_are_scaled_by_their_depth(depth):
    values = np.arange(1 << 16, dtype=np.uint16)
    largest = (1 << depth) - 1
    expected = np.floor(np.minimum(values, largest) / largest * 255 + 0.5)
    difference = np.abs(scale_to_8_bits(values, depth).astype(int) - expected)
    assert difference.max() <= (depth < 16)
    assert scale_to_8_bits(values, depth)[[0, largest, 65535]].tolist() == [0, 255, 255]


def test_16_bits_are_scaled_as_ever():
    values = np.arange(1 << 16)
    np.testing.assert_array_equal(
        scale_to_8_bits(values.astype(np.uint16), 16), (values + 128) // 257
    )


@pytest.mark.parametrize("depth", [10, 12, 14])
@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_gray_of_fewer_bits_keeps_its_levels(name, depth):
    values = np.linspace(0, (1 << depth) - 1, 256).round().reshape(1, 256)
    data = encode_gray(values, name)
    assert read_header(data).deep
    assert measure_largest_value(data) == (1 << depth) - 1
    decoded = decode_image(data, (1, 256, 1), Rendering(bit_depth=depth))
    np.testing.assert_allclose(decoded.ravel(), np.arange(256), atol=1)
    assert len(np.unique(decode_image(data, (1, 256, 1)))) <= 2 ** (depth - 8) + 1


def test_gray_of_the_other_order_of_bytes_is_measured():
    file = io.BytesIO()
    Image.frombytes("I;16B", (2, 1), struct.pack(">HH", 5, 4095)).save(file, "TIFF")
    assert measure_largest_value(file.getvalue()) == 4095
    decoded = decode_image(file.getvalue(), (1, 2, 1), Rendering(bit_depth=12))
    assert decoded.ravel().tolist() == [0, 255]


COLORS = np.linspace(0, 4095, 12 * 16 * 3).round().reshape(12, 16, 3).astype(np.uint16)
DEEP_COLORS = {
    "png": encode_deep_png(COLORS),
    "tiff": encode_deep_tiff(COLORS),
    "tiff_of_the_other_order": encode_deep_tiff(COLORS, ">"),
}


@pytest.mark.parametrize("data", DEEP_COLORS.values(), ids=DEEP_COLORS)
def test_colours_of_fewer_bits_keep_their_levels(data):
    assert read_header(data).deep
    assert measure_largest_value(data) == 4095
    decoded = decode_image(data, COLORS.shape, Rendering(bit_depth=12))
    np.testing.assert_array_equal(decoded, scale_to_8_bits(COLORS, 12))


@pytest.mark.parametrize("data", DEEP_COLORS.values(), ids=DEEP_COLORS)
def test_colours_of_16_bits_are_decoded_as_ever(data):
    np.testing.assert_array_equal(decode_image(data, COLORS.shape), COLORS >> 8)


def test_the_transparency_of_deep_colours_stays_as_it_is():
    values = np.dstack([COLORS, np.full(COLORS.shape[:2], 65535)])
    data = encode_deep_png(values)
    assert measure_largest_value(data) == 4095
    decoded = decode_image(data, COLORS.shape, Rendering(bit_depth=12))
    np.testing.assert_array_equal(decoded, scale_to_8_bits(COLORS, 12))
    values[..., 3] = 0
    white = decode_image(encode_deep_png(values), COLORS.shape, Rendering(bit_depth=12))
    assert (white == 255).all()


def test_pictures_of_8_bits_know_nothing_of_a_depth():
    file = io.BytesIO()
    Image.fromarray((COLORS >> 4).astype(np.uint8)).save(file, "PNG")
    data = add_chunk(file.getvalue(), b"tEXt", b"Comment\0RGB;16B")
    assert not read_header(data).deep
    np.testing.assert_array_equal(
        decode_image(data, COLORS.shape, Rendering(bit_depth=12)), COLORS >> 4
    )


def test_the_depth_is_that_of_the_whole_set(tmp_path):
    """A dark picture of a set of 12 bits is not taken for one of 10."""
    (tmp_path / "cat").mkdir()
    for number, largest in enumerate((900, 4095)):
        values = np.linspace(0, largest, 64).reshape(8, 8)
        (tmp_path / "cat" / f"{number}.png").write_bytes(encode_gray(values))
    file = tmp_path / "cat" / "shallow.png"
    Image.new("L", (8, 8), 200).save(file)
    source = open_source(tmp_path)
    index = index_images(source, measures_depth=True)
    assert index["largest_value"].tolist() == [900, 4095, pd.NA]
    depth = find_bit_depth(index)
    decoded = decode_images(source, index, (8, 8, 1), Rendering(bit_depth=depth)).gather()
    assert decoded["image"].max(axis=(1, 2, 3)).tolist() == [56, 255, 200]


def test_nothing_is_decoded_for_a_depth_that_is_given(tmp_path, monkeypatch):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(encode_gray(np.full((8, 8), 900)))
    index = index_images(open_source(tmp_path))
    assert index["largest_value"].isna().all()


def test_a_deep_picture_that_is_damaged_costs_only_itself(tmp_path):
    (tmp_path / "cat").mkdir()
    data = encode_gray(np.random.default_rng(0).integers(0, 4096, (32, 32)))
    (tmp_path / "cat" / "1.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "cat" / "2.png").write_bytes(data)
    index = index_images(open_source(tmp_path), measures_depth=True)
    assert index["reason"].tolist()[0] == "undecodable"
    assert find_bit_depth(index) == 12
