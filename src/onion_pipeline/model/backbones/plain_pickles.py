"""Pickles of plain data, read without unpickling them.

A pickle is a program: Python's own reader calls whatever function it names. This one knows the
instructions that build numbers, texts, tuples, lists and dictionaries; of all others, the first
that appears ends the reading. Nothing that it builds can be called but what the caller gives.
"""

import pickletools
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
NUMBERS_AND_TEXTS = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE"}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
MARK = object()  # on the stack, where a tuple or a part of a list or dictionary begins

Name = tuple[str, str]  # of a module and of something in it
Makers = Mapping[Name, Callable[..., Any] | str]


def read_pickle(file: BinaryIO, makers: Makers, find: Callable[[Any], Any]) -> Any:
    """Return what the pickle that begins here describes; the file stands behind it then.

    Args:
        file: the pickle and whatever follows.
        makers: what stands for the names in it, to be called with what the pickle has for them.
        find: takes the place of the references to what is not in the pickle.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: the pickle says something else than
            plain data, or is no pickle.
    """
    reader = _Reader(makers, find)
    for opcode, argument, _ in pickletools.genops(file):
        reader.obey(opcode.name, argument)
    return reader.stack.pop()


class _Reader:
    """The stack of a pickle, and what each instruction does to it."""

    def __init__(self, makers: Makers, find: Callable[[Any], Any]) -> None:
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._makers, self._find = makers, find

    def obey(self, name: str, argument: Any) -> None:
        if name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in NUMBERS_AND_TEXTS:
            self.stack.append(argument)
        elif name in TUPLES:
            self.stack.append(tuple([self.stack.pop() for _ in range(TUPLES[name])][::-1]))
        else:
            instruction = getattr(self, f"_do_{name.lower()}", None)
            if instruction is None:
                raise ValueError(f"it has the instruction {name}, which plain data do not need")
            instruction(argument)

    def _do_proto(self, _: int) -> None:
        """What differs between protocols are the instructions."""

    def _do_stop(self, _: None) -> None:
        if len(self.stack) != 1:
            raise ValueError("it ends in the middle")

    def _do_empty_list(self, _: None) -> None:
        self.stack.append([])

    def _do_empty_dict(self, _: None) -> None:
        self.stack.append({})

    def _do_mark(self, _: None) -> None:
        self.stack.append(MARK)

    def _do_tuple(self, _: None) -> None:
        self.stack.append(tuple(self._pop_marked()))

    def _do_append(self, _: None) -> None:
        self._fill([self.stack.pop()])

    def _do_appends(self, _: None) -> None:
        self._fill(self._pop_marked())

    def _do_setitem(self, _: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set_items([key, value])

    def _do_setitems(self, _: None) -> None:
        self._set_items(self._pop_marked())

    def _do_binput(self, number: int) -> None:
        self._memo[number] = self.stack[-1]

    _do_long_binput = _do_binput

    def _do_binget(self, number: int) -> None:
        self.stack.append(self._memo[number])

    _do_long_binget = _do_binget

    def _do_global(self, written: str) -> None:
        module, _, name = written.partition(" ")
        if (module, name) not in self._makers:
            raise ValueError(f"it names {module[:60]}.{name[:60]}, which plain data do not need")
        self.stack.append(self._makers[module, name])

    def _do_reduce(self, _: None) -> None:
        arguments, maker = self.stack.pop(), self.stack.pop()
        if not any(maker is each for each in self._makers.values()) or isinstance(maker, str):
            raise ValueError("it calls what is no function")
        if type(arguments) is not tuple:
            raise ValueError("it calls a function without arguments")
        self.stack.append(maker(*arguments))

    def _do_build(self, _: None) -> None:
        self.stack.pop()  # what would become attributes

    def _do_binpersid(self, _: None) -> None:
        self.stack.append(self._find(self.stack.pop()))

    def _pop_marked(self) -> list[Any]:
        start = len(self.stack) - 1
        while self.stack[start] is not MARK:
            start -= 1
            if start < 0:
                raise ValueError("it ends a list that never began")
        values = self.stack[start + 1 :]
        del self.stack[start:]
        return values

    def _fill(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("it adds to what is no list")
        self.stack[-1].extend(values)

    def _set_items(self, values: list[Any]) -> None:
        keys = values[::2]
        # The hash of tuples in tuples may take longer than the universe is old.
        if type(self.stack[-1]) is not dict or not all(type(key) is str for key in keys):
            raise ValueError("it fills a dictionary with what are no names")
        self.stack[-1].update(zip(keys, values[1::2], strict=True))
