import base64

import numpy as np
import pytest

from onion_pipeline.images.decoding.decoder import RejectedImageError
from onion_pipeline.serving.payloads import read_payload

DATA = bytes(range(256))
TEXT = base64.b64encode(DATA).decode()


@pytest.mark.parametrize(
    "payload",
    [
        DATA,
        bytearray(DATA),
        memoryview(DATA),
        np.bytes_(DATA + b"\1")[:-1],
        TEXT,
        base64.encodebytes(DATA).decode(),
        f" {TEXT}\r\n",
        f"data:image/png;base64,{TEXT}",
        f"DATA:image/svg+xml;charset=utf-8;BASE64,{TEXT}",
        list(DATA),
        tuple(DATA),
        np.frombuffer(DATA, np.uint8),
        np.array(list(DATA), np.int64),
    ],
    ids=lambda payload: type(payload).__name__,
)
def test_a_file_may_be_sent_in_all_its_forms(payload):
    assert read_payload(payload) == DATA


@pytest.mark.parametrize("nothing", [None, float("nan"), np.nan])
def test_nothing_is_an_empty_picture(nothing):
    with pytest.raises(RejectedImageError, match="empty: no picture is given"):
        read_payload(nothing)


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-1],
        "https://example.org/onion.png",
        "/etc/passwd",
        "file:///etc/passwd",
        "data:image/svg+xml,%3Csvg%3E",
        "Zwiebel ist kein Bild",
        "玉ねぎ",
    ],
)
def test_a_text_that_is_not_base64_is_shown_and_never_followed(text):
    with pytest.raises(RejectedImageError, match="is not base64") as caught:
        read_payload(text)
    assert repr(text[:20]) in str(caught.value)


@pytest.mark.parametrize("value", [3, 0.5, True, {"b64": TEXT}, [256], [-1], [[1, 2]], ["a"]])
def test_what_is_no_file_is_named_with_what_it_could_be(value):
    with pytest.raises(RejectedImageError, match="bytes of an image file") as caught:
        read_payload(value)
    assert caught.value.reason == "unsupported_format"
