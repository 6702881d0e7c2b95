"""What ``--params`` says: a text arrives as it was typed, all else as YAML has it.

Kedro takes every value for YAML, which has ``#2`` for a comment, ``2024_05`` and ``01`` for
numbers and ``yes`` for a truth value, and it divides a list at its commas
(https://github.com/kedro-org/kedro/issues/2552).
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel

from onion_pipeline.errors import ConfigurationError, suggest
from onion_pipeline.parameters import Parameters

NAME = r"[A-Za-z_][\w.\[\]-]*"
QUOTED = r"""(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")"""
PARAMETER = re.compile(
    rf"\s*({NAME})\s*=(\s*{QUOTED}\s*(?=,|\Z)|.*?(?=,\s*{NAME}\s*=|\Z))", re.DOTALL
)
# It names another value in Kedro's files; a backslash takes that from it.
REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\$\{")
# What YAML refuses or changes between quotes.
UNSAFE = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def read_parameters(given: str) -> dict[str, Any]:
    """Return the values of ``--params``, nested as in the parameter files.

    Example:
        >>> read_parameters("images=2024_05 #2,ingest.image_size=[20,400],seed=7")
        {'images': '2024_05 #2', 'ingest': {'image_size': [20, 400]}, 'seed': 7}

    Raises:
        ConfigurationError: names what is no parameter with a value, or no YAML, or a text that
            has to be put in quotes, and how.
    """
    texts, found = find_texts(), OmegaConf.create()
    for name, typed in _split(given, texts):
        if name in texts:
            OmegaConf.update(found, name, _read_text(name, typed, nullable=texts[name]))
        else:
            bare = typed.rstrip(", ")
            with _mistakes_of_yaml(name, bare):
                found.merge_with_dotlist([f"{name}={bare}"])
    return OmegaConf.to_container(found)  # type: ignore[return-value]


def write_parameters(values: Mapping[str, Any], prefix: str = "") -> str:
    """Return what :func:`read_parameters` reads as `values`."""
    return ",".join(
        write_parameters(value, f"{prefix}{key}.")
        if isinstance(value, Mapping) and value
        else _write(prefix + key, value)
        for key, value in values.items()
    )


@cache
def find_texts() -> dict[str, bool]:
    """Return the parameters that are texts by their full names, and whether they may be null."""
    fields = find_fields(Parameters)
    # The constraints of one alternative hide its type: Annotated[str, ...] | None.
    kinds = {name: [(*get_args(kind), kind)[0] for kind in found] for name, found in fields}
    return {name: NoneType in found for name, found in kinds.items() if str in found}


def find_fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the full names of all parameters, each with what it may be."""
    for name, field in model.model_fields.items():
        path = prefix + (field.alias or name)
        is_union = get_origin(field.annotation) in {Union, UnionType}
        kinds = get_args(field.annotation) if is_union else (field.annotation,)
        yield path, kinds
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from find_fields(kind, f"{path}.")


def _split(given: str, texts: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """Yield each name and what is typed for it, which goes on until the next name."""
    position, before = 0, None
    while given[position:].strip(", "):
        found = PARAMETER.match(given, position)
        if not found:
            raise ConfigurationError(_describe_nameless(given[position:].strip(", ")))
        name, typed = found.groups()
        if before in texts:
            _check_name(name, typed, before)
        _check_whole(name)
        yield name, typed
        before, position = name, found.end() + 1


def _check_name(name: str, typed: str, before: str | None) -> None:
    """Refuse what may be the rest of a text: the error for an unknown name would not say so."""
    known = [field.alias or each for each, field in Parameters.model_fields.items()]
    group = re.split(r"[.\[]", name)[0]
    if group not in known:
        raise ConfigurationError(
            f"--params: {suggest(group, known)} If ',{name}={typed}' belongs to {before}, put "
            f"""the whole value in quotes: --params "{before}='...,{name}={typed}'"."""
        )


def _check_whole(name: str) -> None:
    """Refuse an element of a list: Kedro cannot lay it into the list of the parameter files."""
    for path, kinds in find_fields(Parameters):
        if get_origin(kinds[0]) is list and re.match(rf"{re.escape(path)}[.\[]", name):
            raise ConfigurationError(
                f"--params: {name} is a part of {path}, which is a list and is given as a whole, "
                f"--params '{path}=[...]'. It is easier changed in its file, "
                f"conf/base/parameters_{path.partition('.')[0]}.yml."
            )


def _describe_nameless(found: str) -> str:
    name, colon, value = found.partition(":")
    names = {path for path, _ in find_fields(Parameters)}
    shown = "images=path/to/photos"
    if colon and name.split(".")[0] in names:
        shown = f"{name}={value.strip()}"
    elif found in names - {"images"}:
        shown = f"{found}=..."
    elif "=" not in found and found not in names:
        shown = f"images={found}"
    return (
        f"--params: {found!r} is no parameter with a value. Write name=value, with a comma "
        f"between two of them, for example --params '{shown}'."
    )


def _read_text(name: str, typed: str, *, nullable: bool) -> str | None:
    bare = typed.strip()
    if nullable and bare in {"", "null"}:
        return None
    if re.fullmatch(QUOTED, bare, re.DOTALL):
        with _mistakes_of_yaml(name, bare):
            text = str(yaml.safe_load(bare))
    elif bare.rstrip(",") != typed:
        raise ConfigurationError(
            f"{name} is {typed!r}: it begins or ends with a blank or a comma. Leave that out, or, "
            f"""if it is part of the text, put all in quotes: --params "{name}='{typed}'"."""
        )
    else:
        text = typed
    _check_text(name, text)
    return text


def _check_text(name: str, text: str) -> None:
    if not text:
        raise ConfigurationError(f"{name} is empty. Give it a value: --params {name}=...")
    if text == "???":
        raise ConfigurationError(
            f"{name} is {text!r}, by which Kedro's files mark what is missing. A path of that "
            f"name is --params '{name}=./{text}'."
        )
    if REFERENCE.search(text):
        escaped = REFERENCE.sub(lambda found: f"{found[0][:-2]}\\${{", text)
        raise ConfigurationError(
            f"{name} is {text!r}: '${{' names another value in Kedro's files. For these very "
            f"characters type a backslash before them: --params '{name}={escaped}'."
        )


@contextmanager
def _mistakes_of_yaml(name: str, typed: str) -> Iterator[None]:
    try:
        yield
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise ConfigurationError(
            f"{name} is {typed!r}, which is not YAML: {problem}. A list is [1, 2], a group "
            "{name: value}, a text with other signs stands in quotes, all of it in a pair of "
            "quotes for the shell: --params 'ingest.image_size=[96, 96]'."
        ) from error
    except OmegaConfBaseException as error:
        raise ConfigurationError(
            f"--params: '{name}={typed}' cannot be set: {str(error).splitlines()[0]}."
        ) from error


def _write(name: str, value: Any) -> str:
    """Return a parameter, in quotes unless it is read as itself without them."""
    written = json.dumps(value, ensure_ascii=False, default=str)
    written = UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
    plain, quoted = f"{name}={value}", f"{name}={written}"
    if not isinstance(value, str) or value.startswith(("'", '"')):
        return quoted
    try:
        return plain if read_parameters(plain) == read_parameters(quoted) else quoted
    except ConfigurationError:
        return quoted
