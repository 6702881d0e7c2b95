import struct

import pytest
from image_files import PIXELS, encode, extend_tiff

from onion_pipeline.images.decoding.decoder import RejectedImageError, decode_image, read_header
from onion_pipeline.images.decoding.foreign import KINDS, name_foreign
from onion_pipeline.images.index import index_images
from onion_pipeline.images.quarantine import describe_reasons
from onion_pipeline.images.sources import open_source

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
FILES = {
    "lfs": (POINTER, "Git LFS", "git lfs pull"),
    "annex": (b"/annex/objects/SHA256E-s12--4d7a.jpg\n", "git-annex", "git annex get"),
    "annex_link": (b"../.git/annex/objects/x1/k2/SHA256E-s12--4d7a.jpg", "git-annex", "annex get"),
    "link": (b"../elsewhere/dog", "link", "core.symlinks"),
    "link_to_a_file": (b"./a b.jpg\n", "link", "core.symlinks"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC", "convert"),
    "heif": (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", "HEIC", "magick mogrify"),
    "avif": (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "AVIF", "magick mogrify"),
    "canon_cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw", "RawTherapee"),
    "video": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video", "ffmpeg"),
    "jpeg_xl": (b"\xff\x0a\xfa\x1f", "JPEG XL", "magick mogrify"),
    "jpeg_xl_box": (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", "magick mogrify"),
    "jpeg_2000": (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", "magick mogrify"),
    "jpeg_2000_bare": (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000", "magick mogrify"),
    "photoshop": (b"8BPS\0\1", "Photoshop", "PNG"),
    "canon_cr2": (b"II*\0\x10\0\0\0CR\2\0", "raw", "RawTherapee"),
    "olympus": (b"IIRO\x08\0\0\0", "raw", "RawTherapee"),
    "panasonic": (b"IIU\0\x18\0\0\0", "raw", "RawTherapee"),
    "fuji": (b"FUJIFILMCCD-RAW 0201", "raw", "RawTherapee"),
    "pdf": (b"%PDF-1.7\n", "PDF", "pdftoppm"),
    "icon": (b"\0\0\1\0\1\0\x10\x10", "icon", "magick mogrify"),
    "svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG", "convert"),
    "svg_bare": (b"<svg width='3'/>", "SVG", "convert"),
    "web_page": (b"<!DOCTYPE html>\n<html><head><title>404</title>", "web page", "download"),
    "web_page_old": (b"\xef\xbb\xbf\r\n<HTML><BODY>not found", "web page", "download"),
    "storage_error": (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>',
        "server",
        "download",
    ),
    "dicom": (bytes(128) + b"DICM\2\0", "DICOM", "dcm2pnm"),
    "macos": (b"\0\5\x16\7\0\2\0\0Mac OS X        ", "AppleDouble", "removed"),
    "pnm": (b"P6\n3 2\n255\n" + bytes(18), "PNM", "magick mogrify"),
}


@pytest.mark.parametrize(("data", "name", "advice"), FILES.values(), ids=FILES)
def test_other_formats_are_named_with_what_to_do(data, name, advice):
    for read in (read_header, lambda data: decode_image(data, (4, 4, 3))):
        with pytest.raises(RejectedImageError) as caught:
            read(data + b"\n")
        assert caught.value.reason == "unsupported_format"
        assert name in caught.value.detail
        assert advice in caught.value.detail


def test_each_kind_is_tried():
    tried = {name_foreign(data) for data, *_ in FILES.values()}
    assert len(set(KINDS.values()) - tried) <= 5  # documents that nobody takes for photos


@pytest.mark.parametrize(
    "tags", [[(50706, 1, 4, b"\1\4\0\0")], [(254, 4, 1, b"\1"), (330, 4, 1, b"")]]
)
def test_the_thumbnail_in_a_camera_raw_file_is_no_picture(tags):
    """DNG and NEF are TIFFs, of which Pillow decodes the small copy for viewers."""
    data = extend_tiff(encode("TIFF"), tags)
    for read in (read_header, lambda data: decode_image(data, (4, 4, 3))):
        with pytest.raises(RejectedImageError, match=r"unsupported_format: it is a raw file"):
            read(data)


def test_a_tiff_that_is_only_said_to_be_a_copy_loads():
    data = extend_tiff(encode("TIFF"), [(254, 4, 1, struct.pack("<L", 1))])
    assert (decode_image(data, PIXELS.shape) == PIXELS).all()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_pictures_are_not_foreign(name):
    assert name_foreign(encode(name)) is None


def test_unknown_text_is_shown_as_it_is():
    with pytest.raises(RejectedImageError, match=r"starts with 34 30 34 .*\('404: Not Found"):
        read_header(b"404: Not Found\n")


def test_the_summary_says_what_to_do(tmp_path):
    (tmp_path / "cat").mkdir()
    for number in range(3):
        (tmp_path / "cat" / f"{number}.jpg").write_bytes(POINTER)
    said = describe_reasons(index_images(open_source(tmp_path)))
    assert said.startswith(
        "unsupported_format (3); the first is cat/0.jpg: it is a Git LFS pointer"
    )
    assert said.endswith("git lfs pull")
