import hashlib
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from onion_pipeline.errors import ConfigurationError
from onion_pipeline.images import index as index_module
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.images.index import (
    COLUMNS,
    LARGEST_AUTO_SIDE,
    choose_image_shape,
    describe_groups,
    index_images,
)
from onion_pipeline.images.sources import ImageSource, Refusal, open_source
from onion_pipeline.workers import parallel


@pytest.fixture
def source(photo_folder: Path) -> ImageSource:
    return open_source(photo_folder)


@pytest.fixture
def messy_folder(photo_folder: Path) -> Path:
    """The photos and one file for each reason that a folder can give."""
    (photo_folder / "blue" / "empty.jpg").touch()
    (photo_folder / "blue" / "notes.txt").write_text("not a picture")
    (photo_folder / "blue" / "heic.HEIC").write_text("ftypheic")
    (photo_folder / "0.jpg").write_bytes((photo_folder / "blue" / "0.jpg").read_bytes())
    (photo_folder / "unlabelled.txt").write_text("not a picture")
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    frames[0].save(photo_folder / "red" / "a.gif", save_all=True, append_images=frames[1:])
    (photo_folder / "red" / "half.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    return photo_folder


def list_rejected(index: pd.DataFrame) -> pd.DataFrame:
    return index.loc[index["reason"].notna(), ["path", "reason", "detail"]]


def make_index(*sizes: tuple[int, int], grayscale: bool = False) -> pd.DataFrame:
    rows = [{"height": height, "width": width, "grayscale": grayscale} for height, width in sizes]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def test_each_file_has_a_row_sorted_by_path(messy_folder):
    paths = [str(path.relative_to(messy_folder)) for path in messy_folder.rglob("*.*")]
    assert index_images(open_source(messy_folder))["path"].tolist() == sorted(paths)


def test_a_row_tells_size_checksum_and_header(photo_folder, source):
    data = (photo_folder / "blue" / "0.jpg").read_bytes()
    row = index_images(source).iloc[0].dropna().to_dict()
    assert row == {
        "path": "blue/0.jpg",
        "label": "blue",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": "JPEG",
        "height": 12,
        "width": 16,
        "grayscale": False,
    }


def test_the_columns_have_their_types_even_where_nothing_is_known(tmp_path):
    (tmp_path / "empty.jpg").touch()
    index = index_images(open_source(tmp_path))
    assert index.dtypes.astype(str).to_dict() == COLUMNS


def test_given_splits_are_in_the_index(photo_folder):
    for split, name in (("train", "blue"), ("test", "red")):
        (photo_folder / split).mkdir()
        (photo_folder / name).rename(photo_folder / split / name)
    index = index_images(open_source(photo_folder))
    assert set(zip(index["label"], index["split"], strict=True)) == {
        ("blue", "train"),
        ("red", "test"),
    }


def test_refused_files_are_listed_with_their_reason(messy_folder):
    rejected = list_rejected(index_images(open_source(messy_folder)))
    assert dict(zip(rejected["path"], rejected["reason"], strict=True)) == {
        "0.jpg": "no_label",
        "blue/empty.jpg": "empty",
        "blue/heic.HEIC": "unsupported_format",
        "blue/notes.txt": "not_an_image",
        "red/a.gif": "animated",
        "red/half.png": "undecodable",
        "unlabelled.txt": "not_an_image",
    }
    assert list(rejected.columns) == ["path", "reason", "detail"]
    assert rejected["detail"].str.len().gt(0).all()


def test_a_refused_file_still_has_its_checksum(messy_folder):
    index = index_images(open_source(messy_folder)).set_index("path")
    expected = hashlib.sha256(b"not a picture").hexdigest()
    assert index.loc["blue/notes.txt", "sha256"] == expected


def test_a_vanished_file_is_unreadable(photo_folder, source):
    (photo_folder / "red" / "3.jpg").unlink()
    rejected = list_rejected(index_images(source))
    assert rejected[["path", "reason"]].to_numpy().tolist() == [["red/3.jpg", "unreadable"]]
    assert rejected["detail"].item().startswith("FileNotFoundError")


def write_zip(path: Path, method: int) -> bytearray:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("cats/1.jpg", bytes(range(256)) * 4)
    return bytearray(path.read_bytes())


def use_unknown_compression(archive: bytearray) -> None:
    for signature, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        struct.pack_into("<H", archive, archive.index(signature) + offset, 77)


def spoil_contents(archive: bytearray, offset: int = 0) -> None:
    start = archive.index(b"cats/1.jpg") + len(b"cats/1.jpg") + offset
    archive[start : start + 20] = b"\xff" * 20


def spoil_behind_header(archive: bytearray) -> None:
    spoil_contents(archive, offset=9)


DAMAGED = [
    pytest.param(zipfile.ZIP_STORED, use_unknown_compression, id="unknown_compression"),
    pytest.param(zipfile.ZIP_STORED, spoil_contents, id="bad_checksum"),
    pytest.param(zipfile.ZIP_BZIP2, spoil_contents, id="bad_bzip2"),
    pytest.param(zipfile.ZIP_DEFLATED, spoil_contents, id="bad_deflate"),
    pytest.param(zipfile.ZIP_LZMA, spoil_behind_header, id="bad_lzma"),
]


@pytest.mark.parametrize(("method", "damage"), DAMAGED)
def test_a_damaged_zip_member_is_unreadable(tmp_path, method, damage):
    archive = write_zip(tmp_path / "cats.zip", method)
    damage(archive)
    (tmp_path / "cats.zip").write_bytes(archive)
    assert index_images(open_source(tmp_path / "cats.zip"))["reason"].tolist() == ["unreadable"]


def test_the_index_does_not_depend_on_the_size_of_chunks(source, monkeypatch):
    whole = index_images(source)
    monkeypatch.setattr(index_module, "CHUNK", 2)
    pd.testing.assert_frame_equal(index_images(source), whole)


def test_workers_make_no_difference(source, monkeypatch):
    whole = index_images(source)
    monkeypatch.setattr(index_module, "CHUNK", 3)
    monkeypatch.setattr(parallel, "count_processors", lambda: 2)
    pd.testing.assert_frame_equal(index_images(source), whole)


def test_labels_splits_and_groups_of_a_table_go_first(source):
    count = len(source.paths)
    columns = {"path": source.paths, "label": "a", "split": None, "group": ["g"] + [None] * 19}
    given = pd.DataFrame(columns, dtype="str")
    given.loc[3, "label"] = None
    index = index_images(replace(source, given=given), label_level=1, group_by=r"\w+")
    assert index["label"].value_counts().to_dict() == {"a": count - 1}
    assert index["group"].notna().sum() == 1
    assert index.loc[3, ["reason", "detail"]].tolist() == [
        "no_label",
        "no folder and no table gives it a label",
    ]


def test_other_columns_of_a_table_stand_behind_those_of_the_index(source):
    columns = {"path": source.paths, "label": "a", "split": None, "group": None}
    given = pd.DataFrame({**columns, "camera": ["old", None] * 10}, dtype="str")
    plain = index_images(replace(source, given=given.drop(columns="camera")))
    index = index_images(replace(source, given=given))
    assert index.columns.tolist() == [*plain.columns, "camera"]
    assert index["camera"].notna().sum() == 10
    pd.testing.assert_frame_equal(index.drop(columns="camera"), plain)


def test_groups_are_found_in_the_path_where_a_table_names_none(source):
    columns = {"path": source.paths, "label": "a", "split": None, "group": None}
    table = replace(source, given=pd.DataFrame(columns, dtype="str"))
    assert set(index_images(table, group_by=r"^\w+")["group"]) == {"blue", "red"}


def test_files_that_the_source_refuses_have_their_row(source):
    refused = Refusal("blue/00.lnk", "link", "to /etc/passwd")
    index = index_images(replace(source, refused=(refused,)))
    assert index.loc[index["reason"].notna(), ["path", "reason", "detail"]].to_numpy().tolist() == [
        ["blue/00.lnk", "link", "to /etc/passwd"]
    ]
    assert index["path"].is_monotonic_increasing
    assert len(index) == 21


@pytest.mark.parametrize(
    ("expression", "group"),
    [
        (r"patient_(\d+)", "17"),
        (r"patient_\d+", "patient_17"),
        (r"^([^/]+)/", "blue"),
        (r"(video)?patient", None),
        (None, None),
    ],
)
def test_groups_are_found_in_the_path(tmp_path, expression, group):
    (tmp_path / "blue").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "blue" / "patient_17_left.png")
    index = index_images(open_source(tmp_path), group_by=expression)
    assert index["group"].tolist() == [group] or (group is None and index["group"].isna().all())


def test_the_label_can_be_another_folder(tmp_path):
    for path in ("2024/cats/1.png", "2025/dogs/1.png"):
        (tmp_path / path).parent.mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / path)
    index = index_images(open_source(tmp_path), label_level=2)
    assert index["label"].tolist() == ["cats", "dogs"]


def test_the_first_frame_can_be_asked_for(messy_folder):
    index = index_images(open_source(messy_folder), Rendering(animation="first_frame"))
    assert "animated" not in set(index["reason"])


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(20, 30)], (20, 30)),
        ([(10, 90), (20, 30), (90, 10)], (20, 30)),
        ([(10, 20), (20, 40)], (15, 30)),
        ([(LARGEST_AUTO_SIDE, LARGEST_AUTO_SIDE)], (LARGEST_AUTO_SIDE, LARGEST_AUTO_SIDE)),
        ([(3024, 3024)], (LARGEST_AUTO_SIDE, LARGEST_AUTO_SIDE)),
        ([(400, 200)], (LARGEST_AUTO_SIDE, LARGEST_AUTO_SIDE // 2)),
        ([(200, 400)], (LARGEST_AUTO_SIDE // 2, LARGEST_AUTO_SIDE)),
        ([(1, 10_000)], (1, LARGEST_AUTO_SIDE)),
    ],
)
def test_the_automatic_size_is_the_median_within_bounds(sizes, expected):
    assert choose_image_shape(make_index(*sizes), "auto", "rgb") == (*expected, 3)


def test_refused_files_do_not_count_for_the_size():
    index = make_index((20, 30), (500, 500))
    index.loc[1, "reason"] = "animated"
    assert choose_image_shape(index, "auto", "rgb") == (20, 30, 3)


def test_a_given_size_is_taken():
    assert choose_image_shape(make_index((20, 30)), (500, 7), "rgb") == (500, 7, 3)


@pytest.mark.parametrize(
    ("mode", "grayscale", "channels"),
    [
        ("auto", True, 1),
        ("auto", False, 3),
        ("rgb", True, 3),
        ("grayscale", False, 1),
    ],
)
def test_the_colour_mode_decides_the_channels(mode, grayscale, channels):
    index = make_index((4, 4), (4, 4), grayscale=grayscale)
    assert choose_image_shape(index, "auto", mode)[2] == channels


def test_one_colour_image_makes_all_rgb():
    index = pd.concat([make_index((4, 4), grayscale=True), make_index((4, 4))])
    assert choose_image_shape(index, "auto", "auto")[2] == 3


def test_grayscale_files_are_found_by_their_header(tmp_path):
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        Image.new("L", (8, 6), 100).save(tmp_path / name / "1.png")
    index = index_images(open_source(tmp_path))
    assert choose_image_shape(index, "auto", "auto") == (6, 8, 1)


def test_an_expression_that_finds_no_group_is_refused(source):
    with pytest.raises(
        ConfigurationError, match=r"group_by, which is patient_.d, finds nothing in any"
    ):
        index_images(source, group_by=r"patient_\d")
    table = pd.DataFrame({"path": source.paths, "label": "a", "split": None, "group": "g"})
    assert set(index_images(replace(source, given=table), group_by="x_y")["group"]) == {"g"}


def test_groups_are_counted_with_what_is_in_none(source):
    assert describe_groups(index_images(source, group_by=r"(\d)\.jpg")) == (
        "10 groups of pictures stay together"
    )
    assert describe_groups(index_images(source, group_by=r"blue/(\d)\.jpg")) == (
        "10 groups of pictures stay together; 10 of 20 pictures are in none, such as red/0.jpg"
    )


def test_files_without_a_label_name_the_level_that_was_asked_for(source):
    index = index_images(source, label_level=3)
    assert set(index["detail"]) == {
        "no folder at ingest.label_level=3 and no table gives it a label"
    }
