"""Pictures as they are sent to a served model: image files, and text that stands for them."""

import base64
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from onion_pipeline.images.decoding.decoder import RejectedImageError

# What a browser's FileReader gives, and what the `src` of an HTML image may hold.
DATA_URI = re.compile(r"\s*data:[^,]*;base64,", re.IGNORECASE)
SHOWN = 20  # characters of a text that is none


def read_payload(payload: Any) -> bytes:
    """Return the image file that `payload` stands for.

    Args:
        payload: its bytes; base64 text, with or without line breaks; a ``data:`` URI with such
            text; or numbers in [0, 255], as JSON has bytes without base64. Addresses and paths
            are not followed: who asks a server must not choose what it reads.

    Raises:
        RejectedImageError: it is none of these.
    """
    if isinstance(payload, bytes | bytearray | memoryview):
        return bytes(payload)
    if isinstance(payload, str):
        return _decode_text(payload)
    if isinstance(payload, list | tuple | np.ndarray):
        return _join_numbers(payload)
    import pandas as pd

    if pd.isna(payload):
        raise RejectedImageError("empty", "no picture is given")
    raise RejectedImageError(
        "unsupported_format",
        f"found {type(payload).__name__} instead of the bytes of an image file or base64 text",
    )


def _decode_text(text: str) -> bytes:
    try:
        return base64.b64decode("".join(DATA_URI.sub("", text, count=1).split()), validate=True)
    except ValueError as error:
        shown = f"{text[:SHOWN]!r}{'…' if len(text) > SHOWN else ''}"
        raise RejectedImageError("undecodable", f"{shown} is not base64: {error}") from error


def _join_numbers(numbers: Iterable[Any]) -> bytes:
    try:
        return bytes(list(numbers))
    except (TypeError, ValueError) as error:
        raise RejectedImageError(
            "unsupported_format",
            f"a list stands for the bytes of an image file, numbers from 0 to 255: {error}",
        ) from error
