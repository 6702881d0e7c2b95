import json
import os
from pathlib import Path

import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import ImageSource, open_source

COLUMNS = ["path", "label", "split", "group"]


@pytest.fixture
def folder(tmp_path, write_files) -> Path:
    write_files(tmp_path, {"1.jpg": b"one"})  # a file that lies where the manifest does
    return write_files(tmp_path)


@pytest.fixture
def open_rows(folder):
    """A function that opens a manifest of these lines."""

    def open_lines(*lines: str, name: str = "labels.csv") -> ImageSource:
        (folder / name).write_text("\n".join(lines) + "\n")
        return open_source(folder / name)

    return open_lines


def list_rows(source: ImageSource) -> list[tuple]:
    assert source.given.columns.tolist() == COLUMNS
    assert set(source.given.dtypes.astype(str)) == {"str"}
    assert source.given["path"].tolist() == list(source.paths)
    table = source.given.astype(object)
    return list(table.where(table.notna(), None).itertuples(index=False, name=None))


def list_reasons(source: ImageSource) -> dict[str, str]:
    return {refusal.path: refusal.reason for refusal in source.refused}


def test_files_and_labels_are_those_of_the_rows(folder, open_rows):
    source = open_rows("path,label", "dogs/1.jpg,dog", "cats/1.jpg,cat")
    assert list_rows(source) == [
        ("cats/1.jpg", "cat", None, None),
        ("dogs/1.jpg", "dog", None, None),
    ]
    assert source.location == str(folder / "labels.csv")
    assert source.read("dogs/1.jpg") == b"a dog"
    assert source.refused == ()


def test_splits_and_groups_are_given_where_they_are_written(open_rows):
    source = open_rows(
        "group,split,label,path",
        " anna ,Valid,cat,cats/1.jpg",
        ", ,cat,cats/2.jpg",
        "7,TEST,dog,dogs/1.jpg",
    )
    assert list_rows(source) == [
        ("cats/1.jpg", "cat", "validation", "anna"),
        ("cats/2.jpg", "cat", None, None),
        ("dogs/1.jpg", "dog", "test", "7"),
    ]


def test_a_row_without_a_label_gives_none(open_rows):
    assert list_rows(open_rows("path,label", "cats/1.jpg,")) == [("cats/1.jpg", None, None, None)]


def test_a_file_beside_its_manifest_in_any_spelling(open_rows, folder, write_files):
    write_files(folder, {"a b é.jpg": b"", ".hidden/1.jpg": b""})
    source = open_rows("path\tlabel", "./a b é.jpg\tx", ".hidden//1.jpg\ty", name="labels.tsv")
    assert source.paths == (".hidden/1.jpg", "a b é.jpg")


def test_parquet_and_json_lines_are_manifests_too(folder):
    table = pd.DataFrame({"file_name": ["cats/1.jpg", "dogs/1.jpg"], "label": [0, 1]})
    table.to_parquet(folder / "labels.parquet")
    table.to_json(folder / "labels.jsonl", orient="records", lines=True)
    for name in ("labels.parquet", "labels.jsonl"):
        assert list_rows(open_source(folder / name)) == [
            ("cats/1.jpg", "0", None, None),
            ("dogs/1.jpg", "1", None, None),
        ]


def test_rows_that_repeat_count_once(open_rows):
    source = open_rows("path,label", "cats/1.jpg,cat", "cats//1.jpg, cat", "./cats/1.jpg,cat")
    assert list_rows(source) == [("cats/1.jpg", "cat", None, None)]
    assert source.refused == ()


@pytest.mark.parametrize(
    ("other", "detail"),
    [
        ("dog,train,a", "one row says label cat, split train, group a, another label dog, "),
        ("cat,test,a", "another label cat, split test, group a"),
        ("cat,train,b", "another label cat, split train, group b"),
        (",,", "another nothing"),
    ],
)
def test_rows_that_contradict_refuse_their_file(open_rows, other, detail):
    source = open_rows(
        "path,label,split,group", "1.jpg,cat,train,a", f"1.jpg,{other}", "1.jpg,cat,train,a"
    )
    assert source.paths == ()
    (refusal,) = source.refused
    assert refusal[:2] == ("1.jpg", "contradicting_rows")
    assert detail in refusal.detail


def test_contradicting_rows_do_not_harm_the_others(open_rows):
    source = open_rows("path,label", "1.jpg,cat", "1.jpg,dog", "dogs/1.jpg,dog")
    assert list_rows(source) == [("dogs/1.jpg", "dog", None, None)]


def test_a_missing_file_is_refused(open_rows, folder):
    source = open_rows("path,label", "cats/9.jpg,cat", "cats/1.jpg,cat", "Cats/1.jpg,cat")
    assert source.paths == ("cats/1.jpg",)
    assert list_reasons(source) == {"Cats/1.jpg": "missing_file", "cats/9.jpg": "missing_file"}
    assert source.refused[0].detail.startswith("no such file in ")


@pytest.mark.parametrize(
    "name", ["../1.jpg", "/etc/passwd", "s3://bucket/1.jpg", "cats/../../1.jpg", "..\\1.jpg"]
)
def test_a_path_that_leads_outside_is_refused(open_rows, name):
    source = open_rows("path,label", f"{name},cat", "1.jpg,cat")
    assert source.paths == ("1.jpg",)
    assert list_reasons(source) == {name: "unsafe_path"}
    assert "labels.csv, row 2: its name" in source.refused[0].detail


def test_what_the_folder_refuses_is_refused_here(open_rows, folder):
    (folder / "link.jpg").symlink_to("/etc/passwd")
    (folder / "more").symlink_to("cats")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "a.zip").touch()
    names = ["link.jpg", "more/1.jpg", "pipe.jpg", "a.zip", "1.jpg", "cats"]
    source = open_rows("path,label", *(f"{name},cat" for name in names))
    assert source.paths == ("1.jpg",)
    assert list_reasons(source) == {
        "a.zip": "nested_archive",
        "cats": "missing_file",
        "link.jpg": "link",
        "more/1.jpg": "link",
        "pipe.jpg": "not_a_file",
    }
    assert source.refused[3].detail == "more: a link to cats"


def test_only_named_files_and_folders_are_looked_at(open_rows, folder):
    (folder / "other").mkdir()
    (folder / "other" / "link.jpg").symlink_to("/etc/passwd")
    (folder / "unnamed.jpg").symlink_to("/etc/passwd")
    assert open_rows("path,label", "1.jpg,cat").refused == ()


def test_a_followed_link_has_the_label_of_its_row(open_rows, folder, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere") / "target.jpg"
    target.write_bytes(b"target")
    (folder / "2.jpg").symlink_to(target)
    source = open_rows("path,label", "2.jpg,dog", "1.jpg,cat", "dogs/1.jpg,dog").follow_links()
    assert list_rows(source) == [
        ("1.jpg", "cat", None, None),
        ("2.jpg", "dog", None, None),
        ("dogs/1.jpg", "dog", None, None),
    ]
    assert source.read("2.jpg") == b"target"


def test_the_folder_of_rows_may_be_a_link(open_rows, folder, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere")
    (target / "1.jpg").write_bytes(b"a bird")
    (folder / "birds").symlink_to(target)
    source = open_rows("path,label", "birds/1.jpg,bird", "1.jpg,cat")
    source.check_listed()  # the row is told of
    assert list_reasons(source) == {"birds/1.jpg": "link"}
    assert source.follow_links().read("birds/1.jpg") == b"a bird"


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_to_predict_a_table_of_paths_is_enough(folder, suffix):
    paths = pd.DataFrame({"path": ["dogs/1.jpg", "cats/1.jpg"]})
    path = folder / f"new.{suffix}"
    if suffix == "parquet":
        paths.to_parquet(path)
    elif suffix == "csv":
        paths.to_csv(path, index=False)
    else:
        paths.to_json(path, orient="records", lines=True)
    source = open_source(path, labelled=False)
    assert list_rows(source) == [
        ("cats/1.jpg", None, None, None),
        ("dogs/1.jpg", None, None, None),
    ]
    with pytest.raises(DataError, match=r"no column 'label'.*to predict, path is enough"):
        open_source(path)


def test_to_predict_nothing_but_the_paths_of_a_table_counts(folder, open_rows):
    rows = ("path,label,split", "cats/1.jpg,cat,mine", "cats/1.jpg,dog,yours", "dogs/1.jpg,,")
    with pytest.raises(DataError, match="split 'mine' is unknown"):
        open_rows(*rows)
    source = open_source(folder / "labels.csv", labelled=False)
    assert (source.paths, source.refused) == (("cats/1.jpg", "dogs/1.jpg"), ())


def test_to_predict_a_table_still_names_files(open_rows, folder):
    (folder / "labels.csv").write_text("paths\n1.jpg\n")
    with pytest.raises(DataError, match=r"no column 'path'.*did you mean 'path'.*to predict"):
        open_source(folder / "labels.csv", labelled=False)


@pytest.mark.parametrize("named", ["manifest", "metadata"])
def test_a_file_may_be_spelt_in_another_normal_form_than_its_row(
    tmp_path, write_files, pack_zip, named
):
    column = {"manifest": "path", "metadata": "file_name"}[named]
    table = f"{column},label\nA\u0308pfel/1.jpg,a\nbr\u00f6tchen.jpg,b\n\u00c4pfel/2.jpg,a\n"
    files = {"\u00c4pfel/1.jpg": b"1", "bro\u0308tchen.jpg": b"2", "A\u0308pfel/2.jpg": b"3"}
    folder = write_files(tmp_path / "a", {**files, f"{named}.csv": table.encode()})
    source = open_source(folder / f"{named}.csv" if named == "manifest" else folder)
    assert (source.paths, source.refused) == (tuple(sorted(files)), ())
    assert source.given["label"].tolist() == ["a", "b", "a"]
    assert [source.read(path) for path in source.paths] == [files[path] for path in source.paths]


def test_labels_and_groups_are_in_nfc(open_rows):
    source = open_rows("path,label,group", "1.jpg,A\u0308pfel,u\u0308", "1.jpg,\u00c4pfel,\u00fc")
    assert list_rows(source) == [("1.jpg", "\u00c4pfel", None, "\u00fc")]


@pytest.mark.parametrize(
    ("header", "missing", "hint"),
    [
        ("path,lable", "label", "'lable' is unknown; did you mean 'label'"),
        ("paths,label", "path", "'paths' is unknown; did you mean 'path'"),
        ("cats/1.jpg,cat", "path", "A manifest has the columns path and label"),
        ("file_name,class", "label", "Its first row names: file_name, class"),
    ],
)
def test_a_missing_column_is_an_error_that_names_those_there_are(open_rows, header, missing, hint):
    with pytest.raises(DataError, match=rf"labels\.csv has no column '{missing}'\.") as caught:
        open_rows(header, "cats/1.jpg,cat")
    assert hint in str(caught.value)


def test_an_unknown_split_is_an_error(open_rows):
    with pytest.raises(
        DataError, match=r"labels\.csv, row 3: split 'tain' is unknown; did you mean 'train'\?"
    ):
        open_rows("path,label,split", "1.jpg,cat,train", "1.jpg,cat,tain")


def test_a_row_without_a_file_is_an_error(open_rows):
    with pytest.raises(DataError, match=r"labels\.csv, row 3 names no file"):
        open_rows("path,label", "1.jpg,cat", ",dog")


def test_a_manifest_without_rows_is_an_error(open_rows):
    with pytest.raises(DataError, match=r"labels\.csv lists no file"):
        open_rows("path,label")


def test_a_manifest_may_name_unsafe_paths_alone(open_rows):
    source = open_rows("path,label", "../8.jpg,cat")
    assert (source.paths, list_reasons(source)) == ((), {"../8.jpg": "unsafe_path"})


def list_given(source: ImageSource) -> list[tuple]:
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
    assert list_given(source) == [
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
    assert list_given(source) == [
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
    assert list_given(open_source(tmp_path)) == [
        ("train/1.jpg", "3", "train", None),
        ("train/2.jpg", "0", "train", None),
        ("val/1.jpg", "3", "validation", None),
        ("val/2.jpg", "0", "validation", None),
    ]


def test_a_split_in_the_table_goes_before_that_of_the_folder(tmp_path):
    texts = {"train/1.jpg": "", "train/2.jpg": "", "test/1.jpg": ""}
    texts["metadata.csv"] = "file_name,label,split\ntrain/1.jpg,cat,val\ntrain/2.jpg,cat,\n"
    assert list_given(open_source(write_text(tmp_path, texts))) == [
        ("test/1.jpg", None, "test", None),
        ("train/1.jpg", "cat", "validation", None),
        ("train/2.jpg", "cat", "train", None),
    ]


def test_without_a_column_of_labels_the_folders_give_them(tmp_path):
    texts = {"cats/1.jpg": "", "dogs/1.jpg": "", "dogs/2.jpg": ""}
    texts["metadata.csv"] = "file_name,text\ncats/1.jpg,a cat\ndogs/1.jpg,a dog\n"
    assert list_given(open_source(write_text(tmp_path, texts))) == [
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
    assert list_given(open_source(tmp_path).follow_links()) == [
        ("1.jpg", "cat", None, None),
        ("2.jpg", "dog", None, None),
    ]


def test_a_followed_link_has_the_label_of_its_folder(tmp_path, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere") / "2.jpg"
    target.touch()
    table = "file_name,text\ncats/1.jpg,a cat\ndogs/2.jpg,a dog\n"
    write_text(tmp_path, {"metadata.csv": table, "cats/1.jpg": "", "dogs/1.jpg": ""})
    (tmp_path / "dogs" / "2.jpg").symlink_to(target)
    assert list_given(open_source(tmp_path).follow_links())[-1] == (
        "dogs/2.jpg",
        "dogs",
        None,
        None,
    )


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
