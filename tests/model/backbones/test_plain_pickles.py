import io
import pickle

import pytest

from onion_pipeline.model.backbones.plain_pickles import read_pickle

PLAIN = {
    "numbers": [1, 255, 70_000, -3, 2**70],
    "texts": ("ä", "a" * 300),
    "nested": {
        "empty": [],
        "none": None,
        "yes": True,
        "no": False,
        "pair": (1, 2),
        "four": (1, 2, 3, 4),
    },
}
MAKERS = {("a", "pair"): lambda left, right: (left, right), ("a", "word"): "word"}


def read(content):
    return read_pickle(io.BytesIO(content), MAKERS, lambda reference: ("found", reference))


@pytest.mark.parametrize("value", [PLAIN, *PLAIN.values(), 5, "text", (1,), (1, 2, 3)])
def test_plain_data_are_read_as_python_reads_them(value):
    assert read(pickle.dumps(value, 2)) == value


def test_the_file_stands_behind_the_pickle():
    file = io.BytesIO(pickle.dumps(1, 2) + b"rest")
    read_pickle(file, {}, repr)
    assert file.read() == b"rest"


def test_what_is_named_is_what_the_caller_gives():
    assert read(b"ca\npair\n(K\x01ca\nword\ntR.") == (1, "word")
    assert read(b"X\x01\x00\x00\x00aQ.") == ("found", "a")


def test_a_list_in_itself_is_a_list_in_itself():
    value = []
    value.append(value)
    found = read(pickle.dumps(value, 2))
    assert found[0] is found


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"cos\nsystem\n(X\x02\x00\x00\x00lstR.", r"names os\.system"),
        (b"cbuiltins\ngetattr\n.", r"names builtins\.getattr"),
        (b"ca\npair.__class__\n.", r"names a\.pair\.__class__"),
        (b"(S'ls'\nios\nsystem\n.", "instruction STRING"),
        (b"(X\x01\x00\x00\x00aios\nsystem\n.", "instruction INST"),
        (b"(cos\nsystem\nX\x02\x00\x00\x00lso.", r"names os\.system"),
        (b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93.", "instruction STACK_GLOBAL"),
        (b"\x82\x01.", "instruction EXT1"),
        (b"Pos\n.", "instruction PERSID"),
        (b"ca\npair\n)\x81.", "instruction NEWOBJ"),
        (b"\x96\xff\xff\xff\xff\xff\xff\xff\x7f.", "BYTEARRAY8|bytearray8"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.", "unicodestring8|BINUNICODE8"),
        (b"X\xff\xff\xff\x7fa.", "expected 2147483647 bytes"),
        (b"F1.5\n.", "instruction FLOAT"),
        (b"I1\n.", "instruction INT"),
        (b"\x80\x05\x95\x00\x00\x00\x00\x00\x00\x00\x00N.", "instruction FRAME"),
        (b"X\x01\x00\x00\x00a(K\x01tR.", "calls what is no function"),
        (b"ca\nword\n(K\x01tR.", "calls what is no function"),
        (b"ca\npair\nK\x01R.", "without arguments"),
        (b"K\x01a.", None),
        (b"K\x01K\x02a.", "adds to what is no list"),
        (b"}K\x01K\x02s.", "what are no names"),
        (b"}X\x01\x00\x00\x00a(K\x01u.", "what are no names"),
        (b"K\x01K\x02.", "ends in the middle"),
        (b"(K\x01.", "ends in the middle"),
        (b".", "ends in the middle"),
        (b"K\x01t.", "never began"),
        (b"t.", "out of range"),
        (b"h\x05.", None),
        (b"0.", "instruction POP"),
        (b"", "exhausted"),
        (b"\xff", "opcode"),
        (b"(K\x01K\x02", "exhausted"),
    ],
)
def test_anything_else_ends_the_reading(content, why):
    with pytest.raises((ValueError, LookupError), match=why):
        read(content)


def test_a_dictionary_is_not_filled_by_keys_that_take_for_ever_to_compare():
    deep = b")" + b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(200))
    with pytest.raises(ValueError, match="what are no names"):
        read(b"}" + deep + b"K\x01s.")


def test_a_far_place_in_the_memory_takes_no_room():
    assert read(b"K\x01r\xff\xff\xff\x7fj\xff\xff\xff\x7f\x86.") == (1, 1)
