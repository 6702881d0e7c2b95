"""What stands beside sound pixels never refuses them, and only the numbers 1 to 8 turn them."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_files import (
    ORIENTATION,
    PIXELS,
    TURNED,
    add_chunk,
    add_segment,
    add_tags,
    encode,
    extend_tiff,
)
from PIL import Image, ImageCms

from onion_pipeline.images.decoding.decoder import (
    RejectedImageError,
    Rendering,
    decode_image,
    read_header,
)
from onion_pipeline.images.decoding.exif import MAX_PROFILE, find_orientation
from onion_pipeline.images.index import index_images
from onion_pipeline.images.sources import open_source

FORMATS = ["JPEG", "PNG", "WEBP", "TIFF"]
SIX = {  # of each type of a tag, in the order of its code
    1: b"\6",
    2: b"6\0",
    3: struct.pack("<H", 6),
    4: struct.pack("<L", 6),
    5: struct.pack("<LL", 6, 1),
    6: b"\6",
    7: b"\6",
    8: struct.pack("<h", 6),
    9: struct.pack("<l", 6),
    10: struct.pack("<ll", 6, 1),
    11: struct.pack("<f", 6),
    12: struct.pack("<d", 6),
    13: struct.pack("<L", 6),
    99: b"\6",
}
WHOLE_NUMBERS = {3, 4, 6, 8, 9}
# Resolution and its unit, software, copyright, author, rights, place, photo, XMP and its like.
ODD_TAGS = [271, 282, 283, 296, 305, 315, 700, 33432, 33723, 34377, 34665, 34675, 34853, 65535]
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def find_shape(data: bytes) -> tuple[int, int]:
    """Height and width by the header, as which the pixels are decoded too."""
    header = read_header(data)
    turned = np.rot90(PIXELS, -1) if header.height == 16 else PIXELS
    decoded = decode_image(data, (header.height, header.width, 3))
    if header.format != "JPEG":
        np.testing.assert_array_equal(decoded, turned)
    return header.height, header.width


@pytest.mark.parametrize("kind", SIX)
@pytest.mark.parametrize("name", FORMATS)
def test_only_a_whole_number_turns_a_picture(name, kind):
    data = add_tags(name, [(ORIENTATION, kind, 1, SIX[kind])])
    assert find_shape(data) == ((16, 12) if kind in WHOLE_NUMBERS else (12, 16))


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
@pytest.mark.parametrize("name", FORMATS)
def test_other_numbers_than_1_to_8_turn_nothing(name, value):
    data = add_tags(name, [(ORIENTATION, 3, 1, struct.pack("<H", value))])
    assert find_shape(data) == (12, 16)


@pytest.mark.parametrize("tag", ODD_TAGS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_turned_picture_with_an_odd_tag_is_turned(name, tag):
    for kind in range(15):
        for count, content in ((0, b""), (1, b"\2"), (3, b"\2" * 24), (2**32 - 1, b"\2" * 8)):
            assert find_shape(add_tags(name, [TURNED, (tag, kind, count, content)])) == (16, 12)


def test_one_odd_tag_does_not_end_the_run(tmp_path):
    (tmp_path / "cat").mkdir()
    for number, data in enumerate([add_tags("JPEG", [(ORIENTATION, 1, 1, b"\6")]), encode("PNG")]):
        (tmp_path / "cat" / f"{number}.jpg").write_bytes(data)
    index = index_images(open_source(tmp_path))
    assert index["reason"].isna().all()
    assert index["height"].tolist() == [12, 12]


@given(st.binary(max_size=80), st.sampled_from([b"", b"II*\0", b"MM\0*", b"II+\0"]))
def test_garbage_in_place_of_exif_harms_nothing(garbage, beginning):
    exif = beginning + garbage
    for name in ("PNG", "WEBP"):
        data = add_chunk(encode(name), b"eXIf", exif) if name == "PNG" else encode(name, exif=exif)
        assert decode_image(data, (12, 16, 3)).shape == (12, 16, 3)
    assert decode_image(encode("JPEG", exif=b"Exif\0\0" + exif), (12, 16, 3)).any()


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_an_orientation_is_1_to_8_whatever_is_given(exif, xmp):
    assert 1 <= find_orientation(b"II*\0\x08\0\0\0\1\0\x12\1" + exif, xmp) <= 8


@pytest.mark.parametrize(
    "add",
    [
        lambda: encode("JPEG", xmp=XMP),
        lambda: encode("WEBP", xmp=XMP),
        lambda: add_chunk(encode("PNG"), b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
        lambda: add_chunk(
            encode("PNG"), b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP), last=True
        ),
        lambda: extend_tiff(encode("TIFF"), [(700, 1, len(XMP), XMP)]),
        lambda: extend_tiff(encode("TIFF"), [(700, 2, len(XMP), XMP)]),
    ],
    ids=["jpeg", "webp", "png", "png_behind_pixels", "tiff", "tiff_as_text"],
)
def test_xmp_turns_a_picture_without_exif(add):
    assert find_shape(add()) == (16, 12)


def test_exif_behind_the_pixels_of_a_png_turns_it():
    exif = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHLHH", ORIENTATION, 3, 1, 6, 0) + bytes(4)
    assert find_shape(add_chunk(encode("PNG"), b"eXIf", exif, last=True)) == (16, 12)
    digits = b"\nexif\n      26\n" + exif.hex().encode()
    for text in (
        add_chunk(encode("PNG"), b"tEXt", b"Raw profile type exif\0" + digits),
        add_chunk(encode("PNG"), b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(digits)),
    ):
        assert find_shape(text) == (16, 12)


TEXT = zlib.compress(bytes(3 << 20))
PNG_CHUNKS = {
    "text": (b"zTXt", b"Comment\0\0" + TEXT),
    "text_of_the_world": (b"iTXt", b"Comment\0\1\0\0\0" + TEXT),
    "xmp": (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + TEXT),
    "exif_in_digits": (b"zTXt", b"Raw profile type exif\0\0" + TEXT),
    "digits_that_are_none": (b"tEXt", b"Raw profile type exif\0\n\n\nxyz"),
    "profile": (b"iCCP", b"large\0\0" + TEXT),
    "profile_of_another_method": (b"iCCP", b"odd\0\7" + TEXT),
    "profile_without_a_name": (b"iCCP", b"odd"),
    "empty_profile": (b"iCCP", b""),
    "short_gamma": (b"gAMA", b"\0"),
    "short_resolution": (b"pHYs", b""),
    "unknown": (b"abCd", b"?"),
}


@pytest.mark.parametrize("last", [False, True], ids=["before_the_pixels", "behind_the_pixels"])
@pytest.mark.parametrize(("name", "content"), PNG_CHUNKS.values(), ids=PNG_CHUNKS)
def test_a_png_loads_whatever_it_says_beside_its_pixels(name, content, last):
    assert find_shape(add_chunk(encode("PNG"), name, content, last)) == (12, 16)


@pytest.mark.parametrize("last", [False, True])
def test_a_damaged_text_is_a_damaged_png(last):
    data = add_chunk(encode("PNG"), b"tEXt", b"Comment\0harmless", last)
    damaged = data.replace(b"harmless", b"harmfull")
    with pytest.raises(RejectedImageError, match=r"undecodable: .*checksum of its block tEXt"):
        decode_image(damaged, (12, 16, 3))


def test_what_is_compressed_beside_pixels_takes_no_memory():
    data = encode("PNG")
    bomb = zlib.compress(bytes(64 << 20))
    for name, content in (
        (b"zTXt", b"Comment\0\0"),
        (b"zTXt", b"Raw profile type exif\0\0"),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"),
        (b"iCCP", b"large\0\0"),
    ):
        data = add_chunk(data, name, content + bomb)
    tracemalloc.start()
    decode_image(data, (12, 16, 3))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * MAX_PROFILE + 5 * len(data)  # zlib doubles what it has


SEGMENTS = {
    "short_jfif": (0xE0, b"JFIF"),
    "short_adobe": (0xEE, b"Adobe"),
    "short_profile": (0xE2, b"ICC_PROFILE\0\1"),
    "parts_of_a_profile_missing": (0xE2, b"ICC_PROFILE\0\1\7junk"),
    "photoshop": (0xED, b"Photoshop 3.0\x008BIM\4\x04"),
    "photoshop_resolution": (0xED, b"Photoshop 3.0\x008BIM\3\xed\0\0\0\0\0\1?"),
    "further_pictures": (0xE2, b"MPF\0junk"),
    "exif": (0xE1, b"Exif\0\0"),
    "comment": (0xFE, b"\0\xff\xd9"),
}


@pytest.mark.parametrize(("marker", "content"), SEGMENTS.values(), ids=SEGMENTS)
def test_a_jpeg_loads_whatever_it_says_beside_its_pixels(marker, content):
    turned = add_tags("JPEG", [TURNED])
    expected = decode_image(turned, (16, 12, 3))
    data = add_segment(turned, marker, content)
    np.testing.assert_array_equal(decode_image(data, (16, 12, 3)), expected)


def test_a_profile_in_parts_is_put_together():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (255, 0, 0)).save(file, "JPEG", quality=95)
    data = file.getvalue()
    half = len(swapped) // 2
    for number, part in ((1, swapped[:half]), (2, swapped[half:])):
        data = add_segment(data, 0xE2, b"ICC_PROFILE\0" + bytes((number, 2)) + part)
    np.testing.assert_allclose(decode_image(data, (1, 1, 3)).ravel(), (0, 255, 0), atol=4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_read_in_both_orders_of_bytes(order):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    exif = mark + struct.pack(f"{order}LHHHLHHL", 8, 1, ORIENTATION, 3, 1, 6, 0, 0)
    assert find_orientation(exif, b"") == find_orientation(b"Exif\0\0" + exif, XMP) == 6


def test_a_big_tiff_is_turned():
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    assert find_shape(encode("TIFF", exif=exif, big_tiff=True)) == (16, 12)


def test_the_pages_of_a_tiff_are_counted_in_no_time():
    """A directory for each of 40,000 pages, of which Pillow reads each again for the next."""
    data = encode("TIFF")
    (first,) = struct.unpack_from("<L", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    directory = data[first : first + 2 + 12 * count]
    size, start = len(directory) + 4, len(data)
    places = [*range(start, start + 40_000 * size, size)]
    chain = b"".join(directory + struct.pack("<L", place) for place in [*places[1:], 0])
    data = data[:4] + struct.pack("<L", start) + data[8:] + chain
    with pytest.raises(RejectedImageError, match="animated: 40000 frames"):
        read_header(data)
    first_page = decode_image(data, (12, 16, 3), Rendering(animation="first_frame"))
    np.testing.assert_array_equal(first_page, PIXELS)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_a_tiff_that_is_cut_short_is_refused_without_a_word(compression, capfd):
    data = encode("TIFF", compression=compression)
    (first,) = struct.unpack_from("<L", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    end = first + 2 + 12 * count + 4
    # The directory goes to the front, as cameras write it; what is behind it moves.
    moved = data[first:end]
    for row in range(count):
        tag, kind, number, value = struct.unpack_from("<HHLL", moved, 2 + 12 * row)
        if tag == 273 or {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}[kind] * number > 4:
            entry = struct.pack("<HHLL", tag, kind, number, value + len(moved))
            moved = moved[: 2 + 12 * row] + entry + moved[14 + 12 * row :]
    whole = data[:4] + struct.pack("<L", 8) + moved + data[8:]
    np.testing.assert_array_equal(decode_image(whole, (12, 16, 3)), PIXELS)
    strip = whole.index(data[8:24])
    with pytest.raises(RejectedImageError, match="undecodable"):
        decode_image(whole[: strip + 40], (12, 16, 3))
    assert capfd.readouterr().err == ""
