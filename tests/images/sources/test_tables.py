import io

import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import tables
from onion_pipeline.images.sources.tables import check_size, is_table, read_table


def read(text: str | bytes, name: str = "list.csv") -> list[dict[str, str]]:
    data = text.encode() if isinstance(text, str) else text
    return [cells for _, cells in read_table(data, name, name).rows]


def write_parquet(**columns) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


def test_tables_are_known_by_their_suffix():
    assert all(map(is_table, ["a.csv", "b/a.TSV", "a.jsonl", "a.parquet"]))
    assert not any(map(is_table, ["a.json", "csv", "a.csv.gz", "a.xlsx", ""]))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_usual_csv_is_read(separator, end, mark):
    text = mark + end.join(
        separator.join(cells) for cells in (["path", "label"], ["1.jpg", "cat"], ["2.jpg", "dog"])
    )
    assert read(text) == [{"path": "1.jpg", "label": "cat"}, {"path": "2.jpg", "label": "dog"}]


def test_the_separator_is_what_makes_columns():
    assert read("path;label;notes, and more\n1.jpg;cat;a,b\n") == [
        {"path": "1.jpg", "label": "cat", "notes, and more": "a,b"}
    ]


def test_quoted_cells_hold_separators_quotes_and_line_breaks():
    text = 'path,label\n"a\r\nb, ""c"".jpg",cat\n2.jpg,"dog"\n'
    assert [cells["path"] for cells in read(text)] == ['a\r\nb, "c".jpg', "2.jpg"]


def test_column_names_may_be_in_capitals_and_have_spaces():
    table = read_table(b"Path, LABEL ,Notes\n1.jpg, cat,x\n", "a.csv", "a.csv")
    assert table.columns == ("Path", "LABEL", "Notes")
    assert table.has("path")
    assert not table.has("split")
    assert table.rows == [(2, {"path": "1.jpg", "label": "cat", "notes": "x"})]


@pytest.mark.parametrize("header", ["path,label,label", "path,Label, label ", "path,PATH,label"])
def test_two_columns_that_mean_the_same_are_refused(header):
    with pytest.raises(DataError, match=r"a.csv has more than one column '(label|path)'.* Rename"):
        read(f"{header}\n1.jpg,cat,dog\n", "a.csv")


def test_two_columns_that_mean_the_same_are_refused_in_other_tables_too():
    with pytest.raises(DataError, match="more than one column 'label'"):
        read(write_parquet(path=["1.jpg"], label=["cat"], Label=["dog"]), "a.parquet")
    with pytest.raises(DataError, match="more than one column 'label'"):
        read('{"path": "1.jpg", "label": "cat", "Label": "dog"}', "a.jsonl")
    assert read("path,label,x,x\n1.jpg,cat,1,2\n")[0]["label"] == "cat"


def test_empty_lines_do_not_count_as_rows_but_are_counted():
    assert read_table(b"\n\npath,label\n\n1.jpg,cat\n,\n", "a.csv", "").rows[0][0] == 3
    assert len(read("path,label\n\n1.jpg,cat\n,\n\n")) == 1


def test_numbers_stay_as_they_are_written():
    rows = read("path,label\n007.jpg,3\n008.jpg,03\n009.jpg,3.0\n010.jpg,NA\n")
    assert [cells["label"] for cells in rows] == ["3", "03", "3.0", "NA"]
    assert rows[0]["path"] == "007.jpg"


def test_missing_cells_at_the_end_are_empty_and_further_ones_an_error():
    assert read("path,label,split\n1.jpg,cat\n2.jpg,dog,,,\n") == [
        {"path": "1.jpg", "label": "cat"},
        {"path": "2.jpg", "label": "dog", "split": ""},
    ]
    with pytest.raises(DataError, match=r"list\.csv, row 2: 3 cells under 2 columns"):
        read("path,label\na,1.jpg,cat\n")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("path,label\né.jpg,cat\n".encode("latin-1"), "byte 11 is 0xe9"),
        ("path,label\n1.jpg,cat\n".encode("utf-16"), "byte 0 is 0xff"),
    ],
)
@pytest.mark.parametrize("name", ["list.csv", "list.jsonl"])
def test_other_encodings_are_an_error_that_says_how_to_save(data, found, name):
    with pytest.raises(DataError, match=rf'{name} is not UTF-8 text: {found}.*"CSV UTF-8'):
        read(data, name)


@pytest.mark.parametrize("text", ['path,label\n"1.jpg,cat\n', '"path"x,label\n', "a" * 200_000])
def test_a_csv_that_cannot_be_parsed_is_an_error(text):
    with pytest.raises(DataError, match=r"list\.csv is not a readable CSV file"):
        read(text)


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_a_csv_without_a_line_has_no_columns(text):
    assert read_table(text.encode(), "a.csv", "a.csv") == ("a.csv", (), [])


def test_json_lines_are_read():
    text = '{"file_name": "1.jpg", "label": 3, "box": [1]}\n\n{"label": null, "file_name": "2.jpg"}'
    table = read_table(text.encode(), "a.jsonl", "a.jsonl")
    assert table.columns == ("file_name", "label", "box")
    assert table.rows == [
        (1, {"file_name": "1.jpg", "label": "3"}),
        (3, {"label": "", "file_name": "2.jpg"}),
    ]


@pytest.mark.parametrize("line", ["{", "[1]", "3", "[" * 100_000, '{"label": ' + "9" * 5000 + "}"])
def test_lines_that_are_no_json_objects_are_an_error(line):
    with pytest.raises(DataError, match=r"a\.jsonl, line 2 is "):
        read('{"label": 1}\n' + line, "a.jsonl")


def test_half_a_character_is_shown():
    (row,) = read('{"label": "\\ud800"}', "a.jsonl")
    assert row["label"] == "\\ud800"
    row["label"].encode()


def test_parquet_is_read_as_text():
    data = write_parquet(
        path=["1.jpg", "2.jpg", "3.jpg"],
        label=[3, None, 0],
        group=pd.Categorical(["a", "b", None]),
        split=[b"train", None, b"\xff"],
        pixels=[[1], [2], [3]],
    )
    table = read_table(data, "a.parquet", "a.parquet")
    assert table.columns == ("path", "label", "group", "split", "pixels")
    assert table.rows == [
        (1, {"path": "1.jpg", "label": "3", "group": "a", "split": "train"}),
        (2, {"path": "2.jpg", "label": "", "group": "b", "split": ""}),
        (3, {"path": "3.jpg", "label": "0", "group": "", "split": "\\xff"}),
    ]


@pytest.mark.parametrize("keep", [0, 10, -10])
def test_a_damaged_parquet_file_is_an_error(keep):
    data = write_parquet(path=["1.jpg"], label=["cat"])
    with pytest.raises(DataError, match=r"a\.parquet is not a readable Parquet file"):
        read(data[:keep], "a.parquet")


def test_a_parquet_file_of_endless_rows_is_an_error(monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS", 2)
    with pytest.raises(DataError, match=r"a\.parquet has 3 rows"):
        read(write_parquet(path=["1.jpg"] * 3), "a.parquet")


def test_a_table_beyond_measure_is_an_error():
    check_size(tables.MAX_BYTES, "a.csv")
    with pytest.raises(DataError, match=r"a\.csv has 268435457 bytes"):
        check_size(tables.MAX_BYTES + 1, "a.csv")


def test_of_columns_that_mean_nothing_the_first_few_are_kept(monkeypatch):
    monkeypatch.setattr(tables, "MOST_OTHERS", 1)
    assert read("path,label,camera,notes\n1.jpg,cat,old,x\n") == [
        {"path": "1.jpg", "label": "cat", "camera": "old"}
    ]
    line = b'{"path": "1.jpg", "camera": 3, "notes": "x"}'
    assert read_table(line, "a.jsonl", "a").rows == [(1, {"path": "1.jpg", "camera": "3"})]


def test_what_is_no_text_of_a_cell_is_not_kept():
    line = b'{"path": "1.jpg", "box": [1, 2], "camera": "old", "more": {"a": 1}}'
    assert read_table(line, "a.jsonl", "a").rows == [(1, {"path": "1.jpg", "camera": "old"})]
    table = write_parquet(path=["1.jpg"], image=[b"..."], box=[[1]], camera=["old"], night=[True])
    rows = read_table(table, "a.parquet", "a").rows
    assert rows == [(1, {"path": "1.jpg", "camera": "old", "night": "True"})]
