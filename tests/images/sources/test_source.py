import pickle
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pytest

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
        (Refusal("b", "link", "a link"), Refusal("d", "link", "a link to a folder")),
        given=make_table(rows[0], rows[2]),
        links=("b",),
        given_links=make_table(rows[1]),
    )


def test_files_are_read_and_measured_by_the_reader(source):
    assert source.read("a") == b"a"
    assert source.measure("a") == 1


def test_a_selection_has_its_paths_in_the_order_asked_for(source):
    part = source.select(["c", "a"])
    assert part.paths == ("c", "a")
    assert part.given["path"].tolist() == ["c", "a"]
    assert part.given["label"].tolist() == ["label c", "label a"]
    assert part.given.index.tolist() == [0, 1]


def test_a_selection_knows_of_no_refused_files(source):
    part = source.select(["a"])
    assert (part.refused, part.links, part.given_links) == ((), (), None)


def test_following_links_makes_them_readable_with_their_labels(source):
    followed = source.follow_links()
    assert followed.paths == ("a", "b", "c")
    assert [refusal.path for refusal in followed.refused] == ["d"]
    assert followed.given["path"].tolist() == ["a", "b", "c"]
    assert followed.given["label"].tolist() == ["label a", "label b", "label c"]
    assert followed.given.columns.tolist() == COLUMNS
    assert followed.follow_links() is followed


def test_links_are_followed_where_folders_give_the_labels():
    source = ImageSource("here", Echo(), ("b",), (Refusal("a", "link", ""),), links=("a",))
    followed = source.follow_links()
    assert (followed.paths, followed.refused, followed.given) == (("a", "b"), (), None)


def test_sources_can_be_compared_whatever_is_given(source):
    assert source == pickle.loads(pickle.dumps(source))


def test_a_selection_of_a_selection_has_the_right_labels(source):
    part = source.select(["c", "a"]).select(["a"])
    assert part.given["label"].tolist() == ["label a"]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_a_worker_is_sent_little(pack_files, temporary_folder, kind):
    files = {f"cats/{number:05}.jpg": b"a cat" for number in range(3000)}
    source = open_source(pack_files(kind, files))
    part = pickle.dumps(source.select(source.paths[:10]))
    assert len(part) < 1500
    assert pickle.loads(part).read("cats/00009.jpg") == b"a cat"
