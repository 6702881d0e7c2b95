"""What files are that lie among pictures and are none that can be decoded, and what to do."""

import re

from PIL import Image, UnidentifiedImageError

from onion_pipeline.images.decoding.opening import FORMATS, SIGNATURES, RejectedImageError
from onion_pipeline.images.decoding.tiff import is_camera_raw

EXPORT = "export them from a raw converter as JPEG or TIFF"
RAW = f"a raw file of a camera; {EXPORT}, as in darktable or RawTherapee"
BEGINNING = 4096  # bytes in which a file says what it is
SHOWN = 40  # bytes of a file that is nothing known
PIXELS = re.compile(r"\((\d+) pixels\)")  # in what Pillow says


def _convert(name: str, suffix: str) -> str:
    return f"{name}; convert them to JPEG or PNG first: magick mogrify -format jpg *.{suffix}"


KINDS = {  # by what the first bytes match
    rb"version https://git-lfs\.github\.com/spec/": (
        "a Git LFS pointer in place of a picture; fetch them all, in the clone: git lfs pull"
    ),
    rb"(\.\./|\.git/|/)*annex/objects/": (
        "a git-annex pointer in place of a picture; fetch them all, in the clone: git annex get ."
    ),
    rb"\.\.?/[^\0\r\n]{1,255}\s*\Z": (
        "a link that was saved as a text, as git does where it may not make links; put what it "
        "leads to in its place, or, in the clone: git -c core.symlinks=true checkout -- ."
    ),
    rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)": (
        "HEIC, as iPhones save photos; convert them to JPEG first: magick mogrify -format jpg "
        "*.heic (or heif-convert of libheif)"
    ),
    rb"....ftypavi[fs]": _convert("AVIF", "avif"),
    rb"....ftypcrx ": RAW,
    rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ": "a video; save pictures of it: ffmpeg",
    rb"\xff\x0a|\x00\x00\x00\x0cJXL ": _convert("JPEG XL", "jxl"),
    rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51": _convert("JPEG 2000", "jp2"),
    rb"II\xbc": _convert("JPEG XR", "jxr"),
    rb"8BPS": "a Photoshop document; save the pictures as PNG or TIFF",
    rb"gimp xcf": "a document of GIMP; export the pictures as PNG or TIFF",
    rb"II.\x00....CR|IIR[OS]|MMOR|IIU\x00|FUJIFILMCCD-RAW|\x00MRM|FOVb|II....HEAP": RAW,
    rb"%PDF": "a PDF; save its pages as pictures: pdftoppm -png",
    rb"%!PS|\xc5\xd0\xd3\xc6": "PostScript; convert it to PNG first",
    rb"\x00\x00[\x01\x02]\x00": _convert("an icon", "ico"),
    rb"icns": _convert("an icon", "icns"),
    rb"P[1-7]\s": _convert("PNM", "ppm"),
    rb".{128}DICM": "DICOM; export the pictures as PNG or TIFF: dcm2pnm of DCMTK",
    rb"\x00\x05\x16[\x00\x07]": "what macOS keeps beside a file (AppleDouble); it can be removed",
    rb"(\xef\xbb\xbf)?\s*(<\?xml.*|<!--.*)?<svg": _convert("SVG, a drawing", "svg"),
    rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?(<!doctype html|<html|<head)": (
        "a web page, as servers answer instead of a picture; download the picture anew"
    ),
    rb"(\xef\xbb\xbf)?\s*(<\?xml.*)?<Error>": (
        "an error that a server answered instead of a picture; download the picture anew"
    ),
}


def name_foreign(data: bytes) -> str | None:
    """Return what a file is that is no picture of an allowed format, and what to do about it.

    Returns:
        Words that follow "it is"; ``None`` if it is nothing that is known.
    """
    beginning = data[:BEGINNING]
    for pattern, what in KINDS.items():
        if re.match(pattern, beginning, re.DOTALL | re.IGNORECASE):
            return what
    return RAW if is_camera_raw(data) else None


def explain_error(error: Exception, data: bytes) -> RejectedImageError:
    """Return why `data` is refused: whatever decoders raise on it may cost this file alone."""
    if isinstance(error, Image.DecompressionBombError):
        return RejectedImageError("too_many_pixels", _describe_bomb(str(error)))
    foreign = name_foreign(data)
    if foreign:
        return RejectedImageError("unsupported_format", f"it is {foreign}")
    if not isinstance(error, UnidentifiedImageError):
        return RejectedImageError("undecodable", f"{type(error).__name__}: {error}")
    if data.startswith(SIGNATURES):
        return RejectedImageError("undecodable", "its header is damaged or cut short")
    return RejectedImageError(
        "unsupported_format", f"none of {', '.join(FORMATS)}; it starts with {_quote(data)}"
    )


def _describe_bomb(said: str) -> str:
    """Return what Pillow has said of too many pixels, with the parameter that allows them."""
    pixels = PIXELS.search(said)
    if not pixels:
        return said.rstrip(".")
    return (
        f"{pixels[1]} pixels are more than ingest.max_pixels allows: "
        f"--params ingest.max_pixels={pixels[1]}"
    )


def _quote(data: bytes) -> str:
    """Return the first bytes in hexadecimal digits, or the text that they are."""
    start = data[:SHOWN]
    is_text = start.isascii() and start.decode("ascii").strip().isprintable()
    return f"{start[:8].hex(' ')}{f' ({start.decode()!r})' if is_text else ''}"
