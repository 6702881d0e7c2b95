import hashlib
import os
import pickle
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_pickles import HEADER, NUMBERS, SOUND, Named, Reduced, Reference, as_pickle, make_file

from onion_pipeline.errors import WeightsError
from onion_pipeline.model.backbones.torch_files import read_tensors

FILE = make_file()
HUGE = 2**62
PLACES = st.integers(0, len(FILE) - 1)
CHANGES = st.lists(st.tuples(PLACES, st.binary(max_size=4)), min_size=1, max_size=4)


@pytest.fixture
def read(tmp_path):
    """A function that reads a content as a file, with its checksum or without one."""

    def read(content, checked=True):
        path = tmp_path / "weights.pth"
        path.write_bytes(content)
        return read_tensors(path, hashlib.sha256(content).hexdigest() if checked else None)

    return read


@pytest.fixture
def witness(tmp_path):
    """A command that nobody may run."""
    proof = tmp_path / "proof"
    yield f"touch {proof}"
    assert not proof.exists()


class Malicious:
    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


def test_tensors_are_read_with_their_names_and_types(read):
    tensors = {**SOUND, "count": ("LongStorage", "8", 1, 0, (), ())}
    found = read(make_file(tensors, {**NUMBERS, "8": np.array([5], "<i8")}))
    np.testing.assert_array_equal(found["weight"], [[0, 1, 2], [3, 4, 5]])
    assert found["weight"].dtype == np.float32
    assert (found["count"], found["count"].shape) == (5, ())


def test_strides_tell_the_order(read):
    """PyTorch keeps permuted tensors as they lie: read in line they are another network's."""
    permuted = {"weight": ("FloatStorage", "7", 6, 0, (3, 2), (1, 3))}
    np.testing.assert_array_equal(read(make_file(permuted))["weight"], [[0, 3], [1, 4], [2, 5]])
    part = {"weight": ("FloatStorage", "7", 6, 2, (2,), (3,))}
    np.testing.assert_array_equal(read(make_file(part))["weight"], [2, 5])


def test_two_tensors_may_share_a_storage(read):
    halves = {
        name: ("FloatStorage", "7", 6, start, (3,), (1,)) for name, start in (("a", 0), ("b", 3))
    }
    assert read(make_file(halves))["b"].tolist() == [3, 4, 5]


@pytest.mark.parametrize("other", [FILE[:-1], FILE + b"\0", b"", FILE.replace(b"w", b"W")])
def test_another_file_than_the_expected_one_is_not_read(tmp_path, other):
    path = tmp_path / "weights.pth"
    path.write_bytes(other)
    with pytest.raises(WeightsError, match=r"weights\.pth is not the file .*nothing .* read"):
        read_tensors(path, hashlib.sha256(FILE).hexdigest())


def test_a_poisoned_file_with_the_wrong_checksum_runs_nothing(tmp_path, witness):
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Malicious(os.system, witness), 2))
    with pytest.raises(WeightsError, match="nothing of it was read"):
        read_tensors(path, hashlib.sha256(FILE).hexdigest())


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("function", [os.system, eval, exec, getattr, __import__])
def test_a_poisoned_file_runs_nothing_whatever_its_checksum(
    read, witness, function, protocol, checked
):
    malicious = Malicious(function, witness)
    with pytest.raises(WeightsError, match=r"weights\.pth is no file of tensors that can be read"):
        read(pickle.dumps(malicious, protocol), checked)


@pytest.mark.parametrize("place", ["header", "tensors", "keys", "reference", "arguments", "state"])
def test_a_poison_hidden_in_a_sound_file_runs_nothing(read, witness, place):
    call = Reduced(Named("posix", "system"), witness)
    rebuild = Named("torch._utils", "_rebuild_tensor_v2")
    reference = Reference(("storage", Named("torch", "FloatStorage"), "7", "cpu", 6, None))
    sound = as_pickle(HEADER[2])
    content = {
        "header": make_file(header=(*HEADER[:2], {"little_endian": call})),
        "tensors": make_file(tree={"weight": call}),
        "keys": make_file(keys=["7", Malicious(os.system, witness)]),
        "reference": make_file(tree=Reference(("storage", call, "7", "cpu", 6, None))),
        "arguments": make_file(tree={"weight": Reduced(rebuild, reference, 0, (6,), (1,), call)}),
        "state": make_file().replace(sound, sound[:-1] + as_pickle(call)[2:-1] + b"b."),
    }[place]
    assert b"system" in content
    with pytest.raises(WeightsError, match=r"names posix\.system"):
        read(content)


@pytest.mark.parametrize(
    "name",
    [
        ("builtins", "getattr"),
        ("builtins", "eval"),
        ("torch._utils", "__builtins__"),
        ("torch", "serialization.os.system"),
        ("collections", "_sys"),
        ("torch", "HalfStorage"),
        ("torch._utils", "_rebuild_parameter"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("_codecs", "encode"),
    ],
)
def test_other_names_than_those_of_tensors_are_refused(read, name):
    with pytest.raises(WeightsError, match="which plain data do not need"):
        read(make_file(tree={"weight": Reduced(Named(*name), "os")}))


@pytest.mark.parametrize(
    ("tensor", "why"),
    [
        (("FloatStorage", "7", -6, 0, (6,), (1,)), "something else than numbers"),
        (("FloatStorage", "7", 6.0, 0, (6,), (1,)), "instruction BINFLOAT"),
        (("FloatStorage", "7", True, 0, (6,), (1,)), "something else than numbers"),
        (("FloatStorage", 7, 6, 0, (6,), (1,)), "something else than numbers"),
        (("FloatStorage", "7", 6, -1, (6,), (1,)), "negative sides"),
        (("FloatStorage", "7", 6, 0, (-6,), (1,)), "negative sides"),
        (("FloatStorage", "7", 6, 0, (6,), (-1,)), "negative sides"),
        (("FloatStorage", "7", 6, 0, (6,), (1, 1)), "without a place"),
        (("FloatStorage", "7", 6, 0, [6], [1]), "without a place"),
        (("FloatStorage", "7", 6, 0, 6, 1), "without a place"),
        (("FloatStorage", "7", 6, 0, (7,), (1,)), "more numbers than the file"),
        (("FloatStorage", "7", 6, 1, (6,), (1,)), "beyond its storage"),
        (("FloatStorage", "7", 6, HUGE, (1,), (1,)), "beyond its storage"),
        (("FloatStorage", "7", 6, 0, (2, 3), (HUGE, 1)), "beyond its storage"),
        (("FloatStorage", "7", 6, 0, (0,), (1,)), "beyond its storage"),
        (("FloatStorage", "7", 6, 0, (0, HUGE), (1, 1)), "beyond its storage"),
        (("FloatStorage", "7", 6, 0, (HUGE,), (0,)), "more numbers than the file"),
        (("FloatStorage", "7", HUGE, 0, (6,), (1,)), "not all there"),
        (("FloatStorage", "7", 7, 0, (6,), (1,)), "not all there"),
        (("LongStorage", "7", 6, 0, (6,), (1,)), "not all there"),
        (("FloatStorage", "8", 6, 0, (6,), (1,)), "KeyError"),
    ],
)
def test_a_tensor_that_cannot_be_is_refused(read, tensor, why):
    with pytest.raises(WeightsError, match=why):
        read(make_file({"weight": tensor}))


def test_a_kind_of_storage_that_is_no_name_is_refused(read):
    tree = {"weight": Reference(("storage", "HalfStorage", "7", "cpu", 6, None))}
    with pytest.raises(WeightsError, match="something else than numbers"):
        read(make_file(tree=tree))


def test_a_reference_before_its_storage_is_known_is_refused(read):
    with pytest.raises(WeightsError, match="more numbers than the file"):
        read(make_file(keys=[]))
    with pytest.raises(WeightsError, match="KeyError"):
        read(make_file(keys=["9"]))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (make_file(tree={"epoch": 3, "state_dict": {}}), "something else than tensors by name"),
        (make_file(tree={}), "something else than tensors by name"),
        (make_file(tree=[1]), "something else than tensors by name"),
        (make_file(header=(1, 1001, {})), "torch.save has not written it"),
        (make_file(header=(HEADER[0], 1002, HEADER[2])), "torch.save has not written it"),
        (make_file(header=(*HEADER[:2], {"little_endian": False})), "big-endian"),
        (make_file(header=(*HEADER[:2], [])), "TypeError"),
        (b"PK\x03\x04" + FILE, "_use_new_zipfile_serialization=False"),
        (b"\x89HDF\r\n\x1a\n", "at position|opcode"),
        (b"\x80\xff.", "ends in the middle"),
        (b"", "exhausted"),
    ],
)
def test_another_kind_of_file_is_refused(read, content, why):
    with pytest.raises(WeightsError, match=why):
        read(content)


def test_a_file_that_is_cut_off_anywhere_is_refused(read):
    for end in range(len(FILE)):
        with pytest.raises(WeightsError, match=r"weights\.pth is no file of tensors"):
            read(FILE[:end])


def test_a_file_of_many_large_tensors_takes_no_room(read):
    """Each of them is the whole storage."""
    numbers = {"7": np.zeros(100_000, "<f4")}
    many = {f"{n}": ("FloatStorage", "7", 100_000, 0, (100_000,), (1,)) for n in range(5000)}
    content = make_file(many, numbers)
    tracemalloc.start()
    with pytest.raises(WeightsError, match="more numbers than the file"):
        read(content)
    assert tracemalloc.get_traced_memory()[1] < 100e6  # all of them would take 2 GB
    tracemalloc.stop()


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(WeightsError, match=r"nothing\.pth cannot be read: No such file"):
        read_tensors(tmp_path / "nothing.pth")
    with pytest.raises(WeightsError, match="cannot be read: Is a directory"):
        read_tensors(tmp_path)


@settings(max_examples=400)
@given(CHANGES)
def test_a_changed_file_gives_tensors_or_a_message(tmp_path_factory, changes):
    content = bytearray(FILE)
    for place, written in changes:
        content[place : place + max(1, len(written))] = written
    path = tmp_path_factory.getbasetemp() / "changed.pth"
    path.write_bytes(content)
    tensors = {}
    with suppress(WeightsError):  # any other error ends the test
        tensors = read_tensors(path)
    assert all(type(name) is str and type(each) is np.ndarray for name, each in tensors.items())
    assert sum(each.nbytes for each in tensors.values()) <= len(content)
