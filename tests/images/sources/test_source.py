import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import ImageSource, Refusal, open_source

COLUMNS = ["path", "label", "split", "group"]


@dataclass(frozen=True)
class Echo:
    """Reads from each path its own name."""

    def read(self, path: str) -> bytes:
        return path.encode()

    def measure(self, path: str) -> int:
        return len(path)

    def select(self, paths: Sequence[str]) -> "Echo":
        return self


def make_table(*rows: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


@pytest.fixture
def source() -> ImageSource:
    rows = [(path, f"label {path}", "train", None) for path in "abcd"]
    return ImageSource(
        "here",
        Echo(),
        ("a", "c"),
        (Refusal("b", "link", "a link to e"), Refusal("d", "link", "a link to a folder")),
        given=make_table(rows[0], rows[2]),
        unentered=("d",),
    )


def test_files_are_read_and_measured_by_the_reader(source):
    assert source.read("a") == b"a"
    assert source.measure("a") == 1


def test_a_selection_has_its_paths_in_the_order_asked_for(source):
    part = source.select(["c", "a"])
    assert part.paths == ("c", "a")
    assert part.given is None


def test_a_selection_knows_of_no_refused_files(source):
    part = source.select(["a"])
    assert (part.refused, part.unentered, part.reopen) == ((), (), None)


def test_following_links_opens_the_source_anew_if_it_has_any(source):
    other = replace(source, refused=(), unentered=())
    assert source.follow_links() is source
    assert replace(source, reopen=lambda: other).follow_links() is other
    linkless = replace(other, reopen=lambda: source)
    assert linkless.follow_links() is linkless


def test_a_folder_that_is_left_out_stops_the_run_by_name(source):
    message = (
        r"A folder is left out of here, with all the pictures in it: d \(a link to a folder\)\. "
        r".*ingest\.follow_links=true"
    )
    with pytest.raises(DataError, match=message):
        source.check_listed()
    replace(source, unentered=()).check_listed()


def test_of_many_folders_that_are_left_out_some_are_named():
    refused = tuple(Refusal(f"{n}", "unreadable", "Permission denied") for n in range(7))
    source = ImageSource("here", Echo(), (), refused, unentered=tuple("0123456"))
    with pytest.raises(
        DataError, match=r"7 folders are .*4 \(.*\); and 2 more\. .*chmod"
    ) as caught:
        source.check_listed()
    assert "follow_links" not in str(caught.value)


def test_sources_can_be_compared_whatever_is_given(source):
    assert source == pickle.loads(pickle.dumps(source))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_a_worker_is_sent_little(pack_files, temporary_folder, kind):
    files = {f"cats/{number:05}.jpg": b"a cat" for number in range(3000)}
    source = open_source(pack_files(kind, files))
    part = pickle.dumps(source.select(source.paths[:10]))
    assert len(part) < 1500
    assert pickle.loads(part).read("cats/00009.jpg") == b"a cat"
