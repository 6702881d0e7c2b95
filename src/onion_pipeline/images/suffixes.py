"""Which files are pictures by their name."""

import re

# Also those of formats that cannot be read here: such a file is a picture that has to be told of.
IMAGE_NAME = re.compile(
    r"\.(apng|arw|avif|bmp|cr[23]|dng|eps|gif|hei[cf]|ico|j2k|jfif|jp2|jpe?g?|jxl|mpo|nef|orf|png|ppm|"
    r"psd|raf|raw|rw2|svg|tga|tiff?|webp)$",
    re.IGNORECASE,
)
# As cameras, caches and hashes name pictures, but not a README or a Makefile.
NUMBERED = re.compile(r"(^|/)[^./]*\d[^./]*$")


def may_be_picture(path: str) -> bool:
    """Tell whether a file is a picture by its name, or may be one as the name has no suffix."""
    return bool(IMAGE_NAME.search(path) or NUMBERED.search(path))
