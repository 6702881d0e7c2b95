import hashlib
import json
import os
import signal
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest

from onion_pipeline.errors import DamagedFileError
from onion_pipeline.storage import seals
from onion_pipeline.storage.seals import (
    Seal,
    amend_seal,
    check_seal,
    hash_file,
    is_whole,
    locate_seal,
    read_seal,
    write_sealed,
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A good file from an earlier run."""
    path = tmp_path / "model.keras"
    path.write_text("earlier")
    return path


def write_half(path: Path, error: type[BaseException] = OSError) -> None:
    with write_sealed(path) as temporary:
        temporary.write_text("ear")
        raise error("disk full")


def test_a_file_appears_under_its_name_with_nothing_but_a_seal(tmp_path):
    with write_sealed(tmp_path / "a.csv") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "a.csv").read_text() == "whole"
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "a.csv.seal"}


def test_a_success_replaces_the_earlier_file(kept):
    with write_sealed(kept) as temporary:
        temporary.write_text("later")
    assert kept.read_text() == "later"


def test_the_earlier_file_is_whole_while_the_new_one_is_written(kept):
    with write_sealed(kept) as temporary:
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
    with pytest.raises(FileNotFoundError), write_sealed(kept):
        pass
    assert kept.read_text() == "earlier"


def test_missing_folders_are_made(tmp_path):
    with write_sealed(tmp_path / "a" / "b" / "c.txt") as temporary:
        temporary.touch()
    assert (tmp_path / "a" / "b" / "c.txt").is_file()


def test_the_temporary_file_lies_beside_hidden_and_with_the_same_suffix(kept):
    with write_sealed(kept) as temporary:
        temporary.touch()
    assert (temporary.parent, temporary.suffix) == (kept.parent, kept.suffix)
    assert temporary.name.startswith(".")


def seal_text(path: Path, text: str) -> Path:
    with write_sealed(path) as temporary:
        temporary.write_text(text)
    return path


def flip_bit(path: Path, place: int = 0) -> None:
    time = path.stat().st_mtime_ns
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(0, time + 10**9))  # the clock of a disk may be too coarse to tell


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    return seal_text(tmp_path / "metrics.json", "whole")


def test_a_seal_says_what_was_written(sealed):
    checksum = hashlib.blake2b(b"whole", digest_size=32).hexdigest()
    assert check_seal(sealed) == read_seal(sealed) == Seal(checksum, 5, "", "")
    assert sorted(sealed.parent.iterdir()) == [sealed, sealed.with_name("metrics.json.seal")]
    assert is_whole(sealed)


@pytest.mark.parametrize("place", range(5))
def test_any_flipped_bit_is_found_and_the_file_named(sealed, place):
    flip_bit(sealed, place)
    with pytest.raises(DamagedFileError, match=r"metrics\.json is not what was written"):
        check_seal(sealed)
    assert not is_whole(sealed)


@pytest.mark.parametrize("text", ["whol", "whole.", ""])
def test_another_length_is_found(sealed, text):
    sealed.write_text(text)
    assert not is_whole(sealed)


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "no", '{"checksum": "0"}', "\udcff"])
def test_a_file_without_a_readable_seal_was_not_finished(sealed, text):
    seal = locate_seal(sealed)
    if text is None:
        seal.unlink()
    else:
        seal.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_seal(sealed) is None
    assert not is_whole(sealed)
    with pytest.raises(DamagedFileError, match=r"metrics\.json has no seal"):
        check_seal(sealed)


def test_a_file_that_is_not_there_is_missing_and_not_damaged(sealed):
    sealed.unlink()
    assert not is_whole(sealed)
    with pytest.raises(FileNotFoundError, match=r"metrics\.json"):
        check_seal(sealed)
    locate_seal(sealed).unlink()
    with pytest.raises(FileNotFoundError, match=r"metrics\.json"):
        check_seal(sealed)


def test_a_failure_keeps_the_earlier_file_and_its_seal(sealed):
    with pytest.raises(FileNotFoundError), write_sealed(sealed) as temporary:
        temporary.with_name("missing").replace(temporary)
    assert sealed.read_text() == "whole"
    assert is_whole(sealed)
    assert len(list(sealed.parent.iterdir())) == 2


def test_a_new_file_has_a_new_seal_without_what_was_noted_of_the_old_one(sealed):
    amend_seal(sealed, array_origin="a", origin="b")
    seal_text(sealed, "later")
    assert check_seal(sealed)[2:] == ("", "")


def test_a_note_changes_nothing_else_of_a_seal(sealed):
    before = check_seal(sealed)
    amend_seal(sealed, array_origin="a")
    amend_seal(sealed, origin="b")
    assert check_seal(sealed) == before._replace(array_origin="a", origin="b")


def test_a_file_without_a_seal_gets_no_note(sealed):
    locate_seal(sealed).unlink()
    with pytest.raises(DamagedFileError, match="no seal"):
        amend_seal(sealed, origin="a")


def test_a_file_is_read_once_while_it_stays_as_it_is(sealed, monkeypatch):
    os.utime(sealed, ns=(1, 1))
    assert is_whole(sealed)
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", pytest.fail)
        assert is_whole(sealed)
        hash_file(sealed)
    os.utime(sealed, ns=(0, 0))
    assert hash_file(sealed) == check_seal(sealed).checksum


def write_and_be_killed(path: Path, event: int) -> None:
    """Write a sealed file, but end at the given one of all steps that touch the disk."""
    steps = 0

    def count(name: str, _: object) -> None:
        nonlocal steps
        if name in {"open", "os.rename", "os.remove"}:
            steps += 1
            if steps == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    seal_text(path, "later")
    os._exit(0)


@pytest.mark.skipif(sys.platform != "linux", reason="SIGKILL, and a process that is forked off")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_whenever_it_is_killed_a_file_is_the_old_one_the_new_one_or_missing(tmp_path):
    found = []
    for event in range(1, 50):
        path = seal_text(tmp_path / str(event) / "metrics.json", "earlier")
        child = get_context("fork").Process(target=write_and_be_killed, args=(path, event))
        child.start()
        child.join()
        found.append(path.read_text() if is_whole(path) else "missing")
        seal_text(path, "last")
        assert check_seal(path).size == 4
        assert len(list(path.parent.iterdir())) == 2, "what was left over is removed"
        if child.exitcode == 0:
            break
    assert list(dict.fromkeys(found)) == ["earlier", "missing", "later"]
    assert len(found) > 6


def test_what_a_running_process_writes_is_left_alone(sealed):
    others = sealed.with_name(".metrics.1.json")
    no_process = sealed.with_name(".metrics.draft.json")
    others.touch()
    no_process.touch()
    seal_text(sealed, "later")
    assert others.exists()
    assert no_process.exists()


def test_what_an_ended_process_has_left_is_removed(sealed):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [
        sealed.with_name(f".metrics{part}.{ended.pid}.{end}")
        for part, end in (("", "json"), (".json", "seal"))
    ]
    other = sealed.with_name(f".losses.{ended.pid}.json")
    for path in (*left, other):
        path.touch()
    seal_text(sealed, "later")
    assert [path.exists() for path in (*left, other)] == [False, False, True]


def test_an_earlier_process_of_the_same_number_leaves_nothing_to_be_taken_for_new(sealed):
    sealed.with_name(f".metrics.{os.getpid()}.json").write_text("half")
    with pytest.raises(FileNotFoundError), write_sealed(sealed):
        pass
    assert sealed.read_text() == "whole"


def test_where_names_cannot_be_flushed_they_are_not(sealed, monkeypatch):
    monkeypatch.setattr(seals.os, "name", "nt")
    monkeypatch.setattr(seals.os, "open", pytest.fail)
    seals._flush_folder(sealed.parent)


def test_a_seal_is_text_that_a_person_can_read(sealed):
    assert set(json.loads(locate_seal(sealed).read_text())) == set(Seal._fields)
