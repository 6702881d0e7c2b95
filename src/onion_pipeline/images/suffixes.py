"""Which files are pictures by their name."""

import re

# Also those of formats that cannot be read here: such a file is a picture that has to be told of.
IMAGE_NAME = re.compile(
    r"\.(apng|arw|avif|bmp|cr[23]|dng|eps|gif|hei[cf]|ico|j2k|jfif|jp2|jpe?g?|jxl|mpo|nef|orf|png|ppm|"
    r"psd|raf|raw|rw2|svg|tga|tiff?|webp)$",
    re.IGNORECASE,
)
