"""The onion report as one file that a browser opens without a network."""

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from numpy.typing import NDArray

ALIGNMENT = 4  # bytes: arrays of float32 are looked at in place
DTYPES = ("float32", "uint8")
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def render_page(report: dict[str, Any], tensors: Sequence[NDArray[Any]]) -> str:
    """Return the page of a report: HTML that holds all it needs.

    Args:
        report: title, classes, layers and pictures; refers to arrays by their numbers.
        tensors: these arrays, float32 or uint8.

    Raises:
        ValueError: an array of another dtype, or a number in `report` that is not finite.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader(__package__, "")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    descriptions, packed = pack_tensors(tensors)
    return environment.get_template("report.html.j2").render(
        title=report["title"],
        style=_read_part("report.css") + _read_part("sections.css"),
        script=_read_part("bundle.js"),
        report=_write_json({**report, "tensors": descriptions}),
        tensors=packed,
    )


def pack_tensors(tensors: Sequence[NDArray[Any]]) -> tuple[list[dict[str, Any]], str]:
    """Return where each array, float32 or uint8, lies among the bytes of all, and these bytes.

    Returns:
        Of each array its ``offset`` in bytes, ``shape`` and ``dtype``; base64 of the gzip of
        all arrays one after the other, little endian, each aligned to 4 bytes.

    Raises:
        ValueError: an array of another dtype.
    """
    descriptions, held = [], bytearray()
    for number, tensor in enumerate(tensors):
        if tensor.dtype.name not in DTYPES:
            raise ValueError(
                f"tensor {number} is {tensor.dtype}; the page reads {' and '.join(DTYPES)}."
            )
        shape, dtype = list(tensor.shape), tensor.dtype.name
        descriptions.append({"offset": len(held), "shape": shape, "dtype": dtype})
        held += tensor.astype(tensor.dtype.newbyteorder("<")).tobytes()
        held += bytes(-len(held) % ALIGNMENT)
    # Without the time of day, so that the same report is the same file.
    return descriptions, b64encode(gzip.compress(held, compresslevel=6, mtime=0)).decode()


def _write_json(value: Any) -> str:
    """Return JSON that nothing in it can end early, such as a class named ``</script>``.

    Marks that turn round the direction of what follows them are shown as their codes.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return TURNING.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)


def _read_part(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
