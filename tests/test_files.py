from pathlib import Path

import pytest

from onion_pipeline.files import write_whole


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A good file from an earlier run."""
    path = tmp_path / "model.keras"
    path.write_text("earlier")
    return path


def write_half(path: Path, error: type[BaseException] = OSError) -> None:
    with write_whole(path) as temporary:
        temporary.write_text("ear")
        raise error("disk full")


def test_a_file_appears_under_its_name_alone(tmp_path):
    with write_whole(tmp_path / "a.csv") as temporary:
        temporary.write_text("whole")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.csv": "whole"}


def test_a_success_replaces_the_earlier_file(kept):
    with write_whole(kept) as temporary:
        temporary.write_text("later")
    assert kept.read_text() == "later"


def test_the_earlier_file_is_whole_while_the_new_one_is_written(kept):
    with write_whole(kept) as temporary:
        temporary.write_text("lat")
        assert kept.read_text() == "earlier"


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_a_failure_keeps_the_earlier_file_and_leaves_nothing(kept, error):
    with pytest.raises(error):
        write_half(kept, error)
    assert {path.name: path.read_text() for path in kept.parent.iterdir()} == {kept.name: "earlier"}


def test_a_failure_without_an_earlier_file_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="disk full"):
        write_half(tmp_path / "new.npy")
    assert not list(tmp_path.iterdir())


def test_a_block_that_writes_nothing_fails(kept):
    with pytest.raises(FileNotFoundError), write_whole(kept):
        pass
    assert kept.read_text() == "earlier"


def test_missing_folders_are_made(tmp_path):
    with write_whole(tmp_path / "a" / "b" / "c.txt") as temporary:
        temporary.touch()
    assert (tmp_path / "a" / "b" / "c.txt").is_file()


def test_the_temporary_file_lies_beside_hidden_and_with_the_same_suffix(kept):
    with write_whole(kept) as temporary:
        temporary.touch()
    assert (temporary.parent, temporary.suffix) == (kept.parent, kept.suffix)
    assert temporary.name.startswith(".")
