import json
from pathlib import Path

import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import ImageSource, open_source


def list_rows(source: ImageSource) -> list[tuple]:
    assert source.given["path"].tolist() == list(source.paths)
    table = source.given[["path", "label", "split", "group"]].astype(object)
    return list(table.where(table.notna(), None).itertuples(index=False, name=None))


def write_text(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_table_at_the_root_labels_the_files_beside_it(tmp_path):
    write_text(tmp_path, {"metadata.csv": "file_name,label\n1.jpg,cat\n2.jpg,dog\n"})
    source = open_source(write_text(tmp_path, {"1.jpg": "", "2.jpg": "", "3.jpg": ""}))
    assert list_rows(source) == [
        ("1.jpg", "cat", None, None),
        ("2.jpg", "dog", None, None),
        ("3.jpg", None, None, None),
    ]
    assert source.refused == ()


@pytest.mark.parametrize("wrapper", ["", "photos/"])
@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_tables_in_the_folders_of_splits_give_the_splits(pack_files, wrapper, kind):
    files = {
        "train/metadata.csv": b"file_name,label,group\n1.jpg,cat,anna\nsub/2.jpg,dog,\n",
        "train/1.jpg": b"1",
        "train/sub/2.jpg": b"2",
        "test/metadata.csv": b"file_name,label\n1.jpg,cat\n",
        "test/1.jpg": b"3",
    }
    files = {f"{wrapper}{name}": data for name, data in files.items()}
    source = open_source(pack_files(kind, files))
    assert list_rows(source) == [
        (f"{wrapper}test/1.jpg", "cat", "test", None),
        (f"{wrapper}train/1.jpg", "cat", "train", "anna"),
        (f"{wrapper}train/sub/2.jpg", "dog", "train", None),
    ]
    assert source.read(f"{wrapper}train/sub/2.jpg") == b"2"


def test_json_lines_and_parquet_are_read(tmp_path):
    rows = [{"file_name": "1.jpg", "label": 3}, {"file_name": "2.jpg", "label": 0}]
    write_text(tmp_path, {f"{split}/{n}.jpg": "" for split in ("train", "val") for n in (1, 2)})
    pd.DataFrame(rows).to_parquet(tmp_path / "train" / "metadata.parquet")
    write_text(tmp_path, {"val/metadata.jsonl": "\n".join(map(json.dumps, rows))})
    assert list_rows(open_source(tmp_path)) == [
        ("train/1.jpg", "3", "train", None),
        ("train/2.jpg", "0", "train", None),
        ("val/1.jpg", "3", "validation", None),
        ("val/2.jpg", "0", "validation", None),
    ]


def test_a_split_in_the_table_goes_before_that_of_the_folder(tmp_path):
    texts = {"train/1.jpg": "", "train/2.jpg": "", "test/1.jpg": ""}
    texts["metadata.csv"] = "file_name,label,split\ntrain/1.jpg,cat,val\ntrain/2.jpg,cat,\n"
    assert list_rows(open_source(write_text(tmp_path, texts))) == [
        ("test/1.jpg", None, "test", None),
        ("train/1.jpg", "cat", "validation", None),
        ("train/2.jpg", "cat", "train", None),
    ]


def test_without_a_column_of_labels_the_folders_give_them(tmp_path):
    texts = {"cats/1.jpg": "", "dogs/1.jpg": "", "dogs/2.jpg": ""}
    texts["metadata.csv"] = "file_name,text\ncats/1.jpg,a cat\ndogs/1.jpg,a dog\n"
    assert list_rows(open_source(write_text(tmp_path, texts))) == [
        ("cats/1.jpg", "cats", None, None),
        ("dogs/1.jpg", "dogs", None, None),
        ("dogs/2.jpg", None, None, None),
    ]


def test_the_folder_of_a_split_is_no_label(tmp_path):
    texts = {f"{split}/1.jpg": "" for split in ("train", "test")}
    texts |= {f"{split}/metadata.csv": "file_name,text\n1.jpg,x\n" for split in ("train", "test")}
    write_text(tmp_path, texts)
    with pytest.raises(DataError, match=r"test, train are named as splits, .* in a table"):
        open_source(tmp_path)
    assert open_source(tmp_path, labelled=False).paths == ("test/1.jpg", "train/1.jpg")


def test_other_columns_are_kept_where_they_tell_kinds_of_pictures_apart(tmp_path):
    paths = [f"{number}.jpg" for number in range(30)]
    rows = [f"{path},cat,a caption of {path},{['old', ''][path < '2']}" for path in paths]
    texts = dict.fromkeys(paths, "") | {
        "metadata.csv": "\n".join(["file_name,label,text,camera", *rows])
    }
    given = open_source(write_text(tmp_path, texts)).given
    assert given.columns.tolist() == ["path", "label", "split", "group", "camera"]
    assert set(given["camera"].dropna()) == {"old"}
    assert given["camera"].isna().sum() == sum(path < "2" for path in paths)


def test_files_that_a_table_names_and_that_are_not_there_are_refused(tmp_path):
    table = "file_name,label\n1.jpg,cat\n2.jpg,cat\n../3.jpg,cat\n"
    source = open_source(write_text(tmp_path, {"train/metadata.csv": table, "train/1.jpg": ""}))
    assert source.paths == ("train/1.jpg",)
    assert [refusal[:2] for refusal in source.refused] == [
        ("../3.jpg", "unsafe_path"),
        ("train/2.jpg", "missing_file"),
    ]


def test_what_the_folder_refuses_stays_refused(tmp_path):
    texts = {"metadata.csv": "file_name,label\n1.jpg,cat\n", "1.jpg": "", "more.zip": ""}
    source = open_source(write_text(tmp_path, texts))
    assert [refusal[:2] for refusal in source.refused] == [("more.zip", "nested_archive")]


def test_two_tables_that_contradict_refuse_the_file(tmp_path):
    texts = {"train/1.jpg": "", "train/2.jpg": ""}
    texts["metadata.csv"] = "file_name,label\ntrain/1.jpg,cat\ntrain/2.jpg,dog\n"
    texts["train/metadata.csv"] = "file_name,label\n1.jpg,dog\n2.jpg,dog\n"
    source = open_source(write_text(tmp_path, texts))
    assert source.paths == ("train/2.jpg",)
    assert [refusal[:2] for refusal in source.refused] == [("train/1.jpg", "contradicting_rows")]


def test_a_table_of_something_else_is_a_file_among_others(tmp_path):
    texts = {"metadata.csv": "id,age\n1,70\n", "cats/1.jpg": "", "dogs/1.jpg": ""}
    source = open_source(write_text(tmp_path, texts))
    assert source.given is None
    assert source.paths == ("cats/1.jpg", "dogs/1.jpg", "metadata.csv")


def test_a_followed_link_has_its_label(tmp_path, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere") / "2.jpg"
    target.touch()
    texts = {"metadata.csv": "file_name,label\n1.jpg,cat\n2.jpg,dog\n", "1.jpg": ""}
    write_text(tmp_path, texts)
    (tmp_path / "2.jpg").symlink_to(target)
    assert list_rows(open_source(tmp_path).follow_links()) == [
        ("1.jpg", "cat", None, None),
        ("2.jpg", "dog", None, None),
    ]


def test_a_followed_link_has_the_label_of_its_folder(tmp_path, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere") / "2.jpg"
    target.touch()
    table = "file_name,text\ncats/1.jpg,a cat\ndogs/2.jpg,a dog\n"
    write_text(tmp_path, {"metadata.csv": table, "cats/1.jpg": "", "dogs/1.jpg": ""})
    (tmp_path / "dogs" / "2.jpg").symlink_to(target)
    assert list_rows(open_source(tmp_path).follow_links())[-1] == ("dogs/2.jpg", "dogs", None, None)


def test_a_damaged_table_is_an_error(tmp_path):
    write_text(tmp_path, {"1.jpg": ""})
    (tmp_path / "metadata.csv").write_bytes("file_name,label\né.jpg,x".encode("latin-1"))
    with pytest.raises(DataError, match=r"metadata\.csv is not UTF-8 text"):
        open_source(tmp_path)


def test_a_table_beyond_measure_is_not_read(tmp_path, pack_zip, monkeypatch):
    monkeypatch.setattr("onion_pipeline.images.sources.tables.MAX_BYTES", 10)
    path = pack_zip(tmp_path / "a.zip", {"metadata.csv": b"file_name,label\n", "1.jpg": b""})
    with pytest.raises(DataError, match=r"a\.zip/metadata\.csv has 16 bytes"):
        open_source(path)
