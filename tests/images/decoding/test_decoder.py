import io
import pickle
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageColor

from onion_pipeline.images.decoding import decoder
from onion_pipeline.images.decoding.decoder import (
    RejectedImageError,
    Rendering,
    decode_image,
    read_header,
)
from onion_pipeline.images.decoding.exif import ORIENTATION
from onion_pipeline.images.decoding.opening import FORMATS, MAX_BYTES, MAX_PIXELS, MAX_SIDE
from onion_pipeline.images.decoding.reduction import find_reduction

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
LOSSLESS = [name for name in FORMATS if name not in {"JPEG", "GIF"}]
# What to do with the stored rows to see the picture upright (Exif 2.3, table 6).
UPRIGHT = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: np.swapaxes(stored, 0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.swapaxes(np.rot90(stored, 2), 0, 1),
    8: lambda stored: np.rot90(stored, 1),
}


def encode(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def make_noise(height: int = 12, width: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encode_noise(file_format: str = "PNG", **options: object) -> bytes:
    return encode(Image.fromarray(make_noise()), file_format, **options)


def encode_array(values: list, dtype: type, file_format: str = "PNG", **options: object) -> bytes:
    return encode(Image.fromarray(np.array([values], dtype)), file_format, **options)


def encode_frames(file_format: str) -> bytes:
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, BLUE)]
    return encode(frames[0], file_format, save_all=True, append_images=frames[1:])


def claim_size(width: int, height: int) -> bytes:
    """A small PNG whose header, with a sound checksum, claims another size."""
    data = bytearray(encode_noise())
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def find_reason(data: bytes, channels: int = 3) -> str:
    with pytest.raises(RejectedImageError) as caught:
        decode_image(data, (4, 4, channels))
    return caught.value.reason


@pytest.mark.parametrize("read", [read_header, lambda data: decode_image(data, (4, 4, 3))])
def test_far_too_many_pixels_name_the_parameter_too(read):
    """Of these, Pillow itself says that they could be an attack."""
    with pytest.raises(RejectedImageError) as caught:
        read(claim_size(60_000, 20_000))
    assert caught.value.reason == "too_many_pixels"
    assert caught.value.detail.endswith("allows: --params ingest.max_pixels=1200000000")


def decode_pixel(data: bytes, channels: int = 3) -> list[int]:
    return decode_image(data, (1, 1, channels)).ravel().tolist()


@pytest.mark.parametrize("read", [read_header, lambda data: decode_image(data, (4, 4, 3))])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "empty", id="no_bytes"),
        pytest.param(bytes(MAX_BYTES + 1), "too_many_bytes", id="too_many_bytes"),
        pytest.param(b"a picture of a cat", "unsupported_format", id="text"),
        pytest.param(encode_noise("PPM"), "unsupported_format", id="ppm"),
        pytest.param(encode_noise("TGA"), "unsupported_format", id="tga"),
        pytest.param(encode_noise("EPS"), "unsupported_format", id="eps"),
        pytest.param(encode_noise("PDF"), "unsupported_format", id="pdf"),
        pytest.param(claim_size(MAX_SIDE + 1, 1), "too_many_pixels", id="long_side"),
        pytest.param(claim_size(10_000, MAX_PIXELS // 10_000 + 1), "too_many_pixels", id="area"),
        pytest.param(claim_size(2**31 - 1, 2**31 - 1), "too_many_pixels", id="bomb"),
        pytest.param(encode_frames("GIF"), "animated", id="gif_frames"),
        pytest.param(encode_frames("PNG"), "animated", id="png_frames"),
        pytest.param(encode_frames("WEBP"), "animated", id="webp_frames"),
        pytest.param(encode_frames("TIFF"), "animated", id="tiff_pages"),
    ],
)
def test_header_and_pixels_are_refused_for_one_reason(read, data, reason):
    with pytest.raises(RejectedImageError) as caught:
        read(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(encode_array([0, 1], np.float32, "TIFF"), "unsupported_mode", id="float"),
        pytest.param(encode_array([0, 65536], np.int32, "TIFF"), "unsupported_mode", id="deep"),
        pytest.param(encode_array([0, 255], np.int32, "TIFF"), "unsupported_mode", id="shallow"),
    ],
)
def test_pixels_without_an_8_bit_meaning_are_refused(data, reason):
    assert find_reason(data) == reason


@pytest.mark.parametrize("name", FORMATS)
def test_half_a_file_is_undecodable(name):
    data = encode(Image.fromarray(make_noise(64, 64)), name)
    assert find_reason(data[: len(data) // 2]) == "undecodable"


def test_a_jpeg_without_its_last_bytes_is_undecodable():
    assert find_reason(encode_noise("JPEG", quality=95)[:-40]) == "undecodable"


def test_a_bad_checksum_of_the_last_png_pixels_is_undecodable():
    data = bytearray(encode_noise())
    data[data.index(b"IEND") - 5] ^= 1  # load() alone would not notice
    assert find_reason(bytes(data)) == "undecodable"


def test_a_header_tells_nothing_of_pixels_that_are_cut_short():
    data = encode_noise()[:-30]
    assert read_header(data).width == 16
    assert find_reason(data) == "undecodable"


@pytest.mark.parametrize(("name", "length"), [("JPEG", 20), ("PNG", 30), ("GIF", 400)])
def test_a_file_cut_inside_its_header_is_undecodable(name, length):
    assert find_reason(encode_noise(name)[:length]) == "undecodable"


def test_a_phones_jpeg_with_a_preview_in_it_loads():
    shown = Image.fromarray(make_noise())
    data = encode(shown, "MPO", save_all=True, append_images=[Image.new("RGB", (4, 4))])
    assert decode_image(data, (12, 16, 3)).shape == (12, 16, 3)


def test_a_rejection_names_what_was_found():
    with pytest.raises(RejectedImageError, match=r"unsupported_format: .*starts with 61 62 63"):
        decode_image(b"abc", (4, 4, 3))


def test_pillows_warnings_are_not_passed_on():
    data = claim_size(20_000, 9_000)  # of which Pillow warns
    with warnings.catch_warnings(record=True) as caught:
        assert find_reason(data) == "undecodable"
    assert not caught


def test_a_rejection_survives_the_way_between_processes():
    error = pickle.loads(pickle.dumps(RejectedImageError("empty", "no bytes")))
    assert (error.reason, error.detail, str(error)) == ("empty", "no bytes", "empty: no bytes")


def test_the_longest_allowed_side_is_accepted():
    assert read_header(encode(Image.new("1", (MAX_SIDE, 1)))).width == MAX_SIDE


@pytest.mark.parametrize("name", FORMATS)
def test_the_header_of_each_format_is_read(name):
    header = read_header(encode_noise(name))
    assert (header.format, header.height, header.width, header.grayscale) == (name, 12, 16, False)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16"])
def test_grey_files_are_known_by_their_header(mode):
    assert read_header(encode(Image.new(mode, (4, 4)))).grayscale


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_keep_every_pixel(name):
    data = encode_noise(name, lossless=True)
    np.testing.assert_array_equal(decode_image(data, (12, 16, 3)), make_noise())


@pytest.mark.parametrize("name", ["JPEG", "GIF"])
def test_lossy_formats_keep_a_plain_colour(name):
    decoded = decode_image(encode(Image.new("RGB", (8, 8), RED), name), (8, 8, 3))
    np.testing.assert_allclose(decoded, np.broadcast_to(RED, (8, 8, 3)), atol=3)


@pytest.mark.parametrize("name", FORMATS)
def test_decoding_twice_gives_the_same_bytes(name):
    data = encode_noise(name)
    first, second = (decode_image(data, (7, 5, 3)).tobytes() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("channels", [1, 3])
def test_the_result_is_uint8_of_the_wanted_shape(channels):
    decoded = decode_image(encode_noise(), (5, 9, channels))
    assert (decoded.dtype, decoded.shape) == (np.uint8, (5, 9, channels))


@pytest.mark.parametrize(("orientation", "turn"), UPRIGHT.items())
@pytest.mark.parametrize("name", ["PNG", "TIFF", "WEBP"])
def test_pictures_are_turned_upright(name, orientation, turn):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encode_noise(name, exif=exif, lossless=True)
    expected = turn(make_noise())
    np.testing.assert_array_equal(decode_image(data, expected.shape), expected)


@pytest.mark.parametrize(("orientation", "turn"), UPRIGHT.items())
def test_the_header_gives_the_size_as_shown(orientation, turn):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    header = read_header(encode_noise("JPEG", exif=exif))
    assert (header.height, header.width) == turn(make_noise()).shape[:2]


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(name):
    values = np.linspace(0, 65535, 300).astype(np.uint16)
    decoded = decode_image(encode_array(values, np.uint16, name), (1, len(values), 1))
    np.testing.assert_array_equal(decoded.ravel(), np.round(values / 257))


def test_big_endian_16_bit_grey_is_scaled_too():
    grey = Image.frombytes("I;16B", (2, 1), struct.pack(">HH", 257 * 3, 257 * 200))
    assert decode_image(encode(grey, "TIFF"), (1, 2, 1)).ravel().tolist() == [3, 200]


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("RGBA", (255, 0, 0, 0), WHITE),
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (255, 0, 0, 51), (255, 204, 204)),
        ("LA", (0, 0), WHITE),
        ("LA", (100, 255), (100, 100, 100)),
        ("LA", (0, 51), (204, 204, 204)),
    ],
)
def test_transparent_pictures_lie_on_white(mode, color, expected):
    data = encode(Image.new(mode, (1, 1), color))
    assert decode_pixel(data) == list(expected)


@pytest.mark.parametrize(
    ("mode", "key"), [("RGB", RED), ("L", 100), ("P", 0), ("1", 0)], ids=["RGB", "L", "P", "1"]
)
def test_a_transparent_colour_lies_on_white(mode, key):
    data = encode(Image.new(mode, (1, 1), key), transparency=key)
    assert decode_pixel(data) == list(WHITE)
    assert decode_pixel(data, channels=1) == [255]


def test_a_transparent_16_bit_value_lies_on_white():
    assert decode_pixel(encode_array([1000], np.uint16, transparency=1000)) == list(WHITE)


@pytest.mark.parametrize("name", ["PNG", "GIF", "BMP", "TIFF"])
def test_palettes_become_their_colours(name):
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    assert decode_image(encode(image, name), (1, 2, 3)).tolist() == [[list(RED), list(BLUE)]]


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(name):
    data = encode(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), name)
    np.testing.assert_allclose(decode_pixel(data), RED, atol=3)


@pytest.mark.parametrize("channels", [3, 1])
def test_lab_is_decoded(channels):
    white = Image.new("LAB", (1, 1), (255, 128, 128))
    np.testing.assert_allclose(decode_pixel(encode(white, "TIFF"), channels), 255, atol=2)


@pytest.mark.parametrize("color", ["black", "#102030"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_the_background_can_be_chosen(mode, color):
    data = encode(Image.new(mode, (1, 1)))
    expected = list(ImageColor.getrgb(color))
    assert decode_image(data, (1, 1, 3), Rendering(background=color)).ravel().tolist() == expected


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_can_be_taken(name):
    rendering = Rendering(animation="first_frame")
    data = encode_frames(name)
    decoded = decode_image(data, (8, 8, 3), rendering)
    np.testing.assert_allclose(decoded, np.broadcast_to(RED, (8, 8, 3)), atol=3)
    assert read_header(data, rendering)[1:3] == (8, 8)


def make_photo(height: int, width: int) -> np.ndarray:
    """A picture as smooth and as detailed as a photograph: noise of all scales."""
    generator = np.random.default_rng(0)
    total = np.zeros((height, width, 3))
    for scale in (1, 4, 16, 64, 256):
        size = (max(1, height // scale), max(1, width // scale), 3)
        part = Image.fromarray(generator.integers(0, 256, size, dtype=np.uint8))
        total += np.asarray(part.resize((width, height), Image.Resampling.BICUBIC)) * scale**0.5
    return (255 * (total - total.min()) / np.ptp(total)).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize(("height", "width"), [(1600, 1200), (1200, 1600), (960, 1304)])
def test_a_large_jpeg_is_decoded_reduced_within_the_tolerance(height, width, resize, monkeypatch):
    data = encode(Image.fromarray(make_photo(height, width)), "JPEG", quality=90)
    reduced = decode_image(data, (48, 64, 3), Rendering(resize)).astype(int)
    monkeypatch.setattr(decoder, "find_reduction", lambda *_: 1)
    whole = decode_image(data, (48, 64, 3), Rendering(resize))
    difference = np.abs(reduced - whole)
    assert difference.mean() <= 0.5
    assert np.percentile(difference, 99) <= 2


@pytest.mark.parametrize(
    ("source", "target", "reduction"),
    [
        ((3024, 4032), (96, 96), 8),
        ((4032, 3024), (128, 128), 4),
        ((3000, 3001), (10, 10), 1),
        ((600, 600), (100, 90), 2),
        ((600, 599), (100, 100), 1),
        ((598, 600), (100, 100), 1),
        ((32, 32), (32, 32), 1),
    ],
)
def test_what_a_jpeg_is_reduced_by_leaves_three_times_the_target(source, target, reduction):
    assert find_reduction(source, target) == reduction


def test_a_turned_large_jpeg_is_upright():
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    photo = make_photo(960, 640)
    turned = encode(Image.fromarray(np.rot90(photo)), "JPEG", quality=95, exif=exif)
    plain = encode(Image.fromarray(photo), "JPEG", quality=95)
    shape = (48, 32, 3)
    difference = decode_image(turned, shape).astype(int) - decode_image(plain, shape)
    assert np.abs(difference).mean() < 2


def make_profile(swap_red_and_green: bool = False) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if swap_red_and_green:
        profile = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ")
        profile = profile.replace(b"????", b"gXYZ")
    return profile


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_are_converted_from_the_embedded_profile(mode):
    image = Image.new("RGB", (4, 4), RED).convert(mode, palette=Image.Palette.ADAPTIVE)
    data = encode(image, icc_profile=make_profile(swap_red_and_green=True))
    np.testing.assert_allclose(decode_pixel(data), (0, 255, 0), atol=2)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_srgb_profile_changes_nothing(channels):
    plain, profiled = encode_noise(), encode_noise(icc_profile=make_profile())
    shape = (12, 16, channels)
    difference = decode_image(plain, shape).astype(int) - decode_image(profiled, shape)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(
    "profile",
    [b"junk" * 40, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()],
    ids=["junk", "of_another_colour_space"],
)
def test_an_unusable_profile_is_ignored(profile):
    data = encode_noise(icc_profile=profile)
    np.testing.assert_array_equal(decode_image(data, (12, 16, 3)), make_noise())


def make_banner() -> bytes:
    """16 wide, 8 high: blue in the middle, a red quarter at each end."""
    pixels = np.full((8, 16, 3), RED, np.uint8)
    pixels[:, 4:12] = BLUE
    return encode(Image.fromarray(pixels))


def test_stretch_keeps_the_whole_picture():
    decoded = decode_image(make_banner(), (8, 8, 3), Rendering("stretch"))
    np.testing.assert_array_equal(decoded[:, [0, 3, 4, 7]], [[RED, BLUE, BLUE, RED]] * 8)


def test_crop_keeps_the_middle():
    decoded = decode_image(make_banner(), (8, 8, 3), Rendering("crop"))
    np.testing.assert_array_equal(decoded, np.broadcast_to(BLUE, (8, 8, 3)))


@pytest.mark.parametrize("channels", [1, 3])
def test_pad_keeps_the_proportions_on_white(channels):
    decoded = decode_image(make_banner(), (16, 16, channels), Rendering("pad"))
    assert (decoded[:4] == 255).all()
    assert (decoded[12:] == 255).all()
    whole = decode_image(make_banner(), (8, 16, channels))
    np.testing.assert_array_equal(decoded[4:12], whole)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_shrinking_is_antialiased(resize):
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    shrunk = decode_image(encode(Image.fromarray(stripes)), (8, 8, 1), Rendering(resize))
    np.testing.assert_allclose(shrunk, 127.5, atol=12)
