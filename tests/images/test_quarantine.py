import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.decoding.decoder import DEFAULT_RENDERING
from onion_pipeline.images.index import index_images
from onion_pipeline.images.loading import decode_images
from onion_pipeline.images.quarantine import (
    ADVICE,
    REASONS,
    check_quarantine,
    describe_reasons,
    list_quarantined,
)
from onion_pipeline.images.sources import open_source

PROJECT = Path(__file__).parents[2]
SHAPE = (12, 16, 3)


def make_quarantine(**reasons: int) -> pd.DataFrame:
    listed = [reason for reason, count in reasons.items() for _ in range(count)]
    paths = [f"{row}.jpg" for row in range(len(listed))]
    return pd.DataFrame({"path": paths, "reason": listed, "detail": "so and so"})


def list_for(folder: Path, change=lambda: None) -> pd.DataFrame:
    source = open_source(folder)
    index = index_images(source)
    change()
    decoded = decode_images(source, index, SHAPE, DEFAULT_RENDERING).gather()
    return list_quarantined(source, index, decoded, DEFAULT_RENDERING)


def test_refused_files_are_listed_by_header_and_by_pixels(photo_folder):
    truncated = photo_folder / "red" / "5.jpg"
    truncated.write_bytes(truncated.read_bytes()[:-20])
    (photo_folder / "blue" / "empty.jpg").touch()
    listed = list_for(photo_folder)
    assert listed.columns.tolist() == ["path", "sha256", "reason", "detail"]
    assert listed[["path", "reason"]].to_numpy().tolist() == [
        ["blue/empty.jpg", "empty"],
        ["red/5.jpg", "undecodable"],
    ]
    checksums = [hashlib.sha256(data).hexdigest() for data in (b"", truncated.read_bytes())]
    assert listed["sha256"].tolist() == checksums
    assert listed["detail"].str.len().gt(0).all()


def test_without_refused_files_the_table_is_empty(photo_folder):
    assert list_for(photo_folder).empty


def test_a_file_that_is_rewritten_meanwhile_has_changed(photo_folder):
    photo, other = photo_folder / "red" / "5.jpg", photo_folder / "red" / "6.jpg"
    listed = list_for(photo_folder, lambda: photo.write_bytes(other.read_bytes()))
    assert listed[["path", "reason"]].to_numpy().tolist() == [["red/5.jpg", "changed"]]


def test_a_file_that_vanishes_meanwhile_is_unreadable(photo_folder):
    listed = list_for(photo_folder, (photo_folder / "red" / "5.jpg").unlink)
    assert listed[["path", "reason"]].to_numpy().tolist() == [["red/5.jpg", "unreadable"]]


def test_a_file_that_can_be_read_again_is_told(photo_folder):
    source = open_source(photo_folder)
    index = index_images(source)
    decoded = decode_images(source, index, SHAPE, DEFAULT_RENDERING).gather()
    listed = list_quarantined(source, index, np.delete(decoded, 4), DEFAULT_RENDERING)
    assert listed["path"].tolist() == ["blue/4.jpg"]
    assert "run again" in listed["detail"][0]


@pytest.mark.parametrize(("refused", "limit"), [(5, 0.05), (0, 0.0), (99, 1.0), (1, 0.01)])
def test_a_share_up_to_the_limit_passes(refused, limit):
    check_quarantine(make_quarantine(undecodable=refused), 100, limit)


@pytest.mark.parametrize(("refused", "limit"), [(6, 0.05), (1, 0.0), (51, 0.5)])
def test_a_larger_share_stops_the_run_and_says_why(refused, limit):
    with pytest.raises(DataError) as caught:
        check_quarantine(make_quarantine(undecodable=refused), 100, limit)
    message = str(caught.value)
    assert message.startswith(f"{refused} of 100 pictures ({refused:.1f}%) refused")
    assert f"undecodable ({refused})" in message
    assert "ingest.max_quarantined" in message
    assert caught.value.dataset == "quarantine"


def test_notes_beside_pictures_do_not_count():
    quarantine = make_quarantine(not_an_image=50, empty=2)
    check_quarantine(quarantine, 100, 0.05)
    with pytest.raises(DataError, match=r"2 of 50 pictures \(4\.0%\)"):
        check_quarantine(quarantine, 100, 0.03)


def test_a_source_without_one_usable_image_stops_the_run():
    with pytest.raises(DataError, match=r"None of the 3 files .* empty \(2\), not_an_image \(1\)"):
        check_quarantine(make_quarantine(empty=2, not_an_image=1), 3, 1.0)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("link", "ingest.follow_links=true"),
        ("missing_file", "relative to the folder that it lies in"),
        ("contradicting_rows", "one row"),
        ("nested_archive", "--params images=path/to/archive.zip"),
        ("no_label", "<class>/<picture>, or, where a table lists the pictures, its column label"),
        ("undecodable", "Expected are JPEG, PNG"),
    ],
)
def test_the_advice_is_about_what_is_wrong(reason, advice):
    reasons = {"not_an_image": 5, reason: 2}
    for count in (7, 100):
        with pytest.raises(DataError, match=re.escape(advice)) as caught:
            check_quarantine(make_quarantine(**reasons), count, 0.0)
        assert ("<class>" in str(caught.value)) == (reason == "no_label")


def test_every_reason_with_an_advice_is_one_that_there_is():
    assert ADVICE.keys() <= REASONS.keys()


def test_reasons_are_counted_each_with_an_example():
    assert describe_reasons(make_quarantine(link=2)) == "link (2); the first is 0.jpg: so and so"
    assert describe_reasons(make_quarantine(empty=1, link=2)) == (
        "link (2), empty (1); the first are 0.jpg: so and so; 1.jpg: so and so"
    )


def test_of_other_formats_each_is_an_example():
    listed = make_quarantine(unsupported_format=6, undecodable=2)
    listed["detail"] = ["it is HEIC", "it is HEIC", "it is a PDF", *"abcde"]
    assert describe_reasons(listed) == (
        "unsupported_format (6), undecodable (2); the first are 0.jpg: it is HEIC; "
        "2.jpg: it is a PDF; 3.jpg: a"
    )


def test_every_reason_in_the_code_is_explained():
    raised = re.compile(r"(?:RejectedImageError|Refusal)\([^\"]*?\"(\w+)\"|reason\"\] = \"(\w+)\"")
    folder = PROJECT / "src" / "onion_pipeline" / "images"
    found = {
        name
        for path in folder.rglob("*.py")
        for match in raised.findall(path.read_text())
        for name in match
        if name
    }
    assert found - set(REASONS) == set()
    assert len(found) > 10


def test_the_documents_explain_the_reasons_in_the_same_words():
    table = (PROJECT / "docs" / "data.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE))
    assert {reason: rows.get(reason) for reason in REASONS} == dict(REASONS)
