"""What the house says of itself is true: its rooms, its addresses, its tests."""

import ast
import re
import sys
import tomllib
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
SOURCE = PROJECT / "src" / "onion_pipeline"
NOT_OURS = {".venv", "node_modules", ".git", "mlruns", "__pycache__", ".work", ".environments"}
WRITTEN_FOR = {  # folders in which a path in backticks may begin
    *("benchmarks", "conf", "docs", "notebooks", "onion_report", "src", "tests"),
    *(path.name for path in SOURCE.rglob("*") if path.is_dir()),
}
CODE = (".py", ".js", ".yml", ".j2")
SUFFIXES = ("csv", "html", "json", "keras", "md", "npy", "parquet", "png")
# What appears with a run, a benchmark, on somebody's machine, or in MLflow.
MADE = {"mlruns/", ".environments/", "conf/local", "test/", "sbom.json"}
EXAMPLES = {"scans.csv", "scans.parquet", "Thumbs.db"}
# Tests of something else than one module of the same name.
OF_OTHER_KINDS = {
    "faults/*": "runs that are disturbed",
    "simulation/*": "figures of predictions whose truth is known",
    "test_command_line.py": "runs as a user types them",
    "test_conf.py": "conf/",
    "test_lock.py": "requirements.txt",
    "test_notebooks.py": "notebooks/",
    "test_benchmarks.py": "benchmarks/",
    "test_house.py": "the house as a whole",
    "explanation/test_backbone_page.py": "the report of a pretrained network, in a browser",
    "explanation/test_onion_page.py": "the report's script, of onion_report/, in a browser",
    "explanation/test_report_in_browser.py": "the report in a browser",
    "images/test_hostile_set.py": "ingest on a folder of all that goes wrong",
    "images/decoding/test_decoding_hostile.py": "all decoders, on damaged pictures",
    "images/decoding/test_large_pictures.py": "all decoders, on large pictures",
    "pipelines/test_model_card_nodes.py": "one part of the pipeline register",
    "augmentation/test_distributions.py": "draws beside those of albumentations",
    "training/test_checkpointing.py": "trainings that stop and go on",
}
# Synonyms that were in use, and what is said instead; ALLOWED are parts of lines in other senses.
RETIRED = {
    "evidence": "attachments",
    "fingerprint": "origin, descriptor or hash",
    "ingredient": "origin",
    "made_of": "origin",
    "provenance": "lineage or origin",
    "recorder": "checkpointing",
    "road": "runtime",
    "standing": "early stopping",
}
ALLOWED: set[str] = set()


@cache
def list_files() -> list[Path]:
    """Return what the project holds, relative to it, but for what is in data/."""
    found = [path.relative_to(PROJECT) for path in PROJECT.glob("*") if path.name not in NOT_OURS]
    for folder in [path for path in found if path.name != "data"]:
        found += [path.relative_to(PROJECT) for path in (PROJECT / folder).rglob("*")]
    return [path for path in found if not NOT_OURS.intersection(path.parts)]


def list_texts(suffix: str, folder: str = "") -> list[Path]:
    inside = [path for path in list_files() if not folder or folder in path.parts[:1]]
    return [path for path in inside if path.suffix == suffix]


def read(path: Path) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


@cache
def find_names(module: Path) -> set[str]:
    """Return all that a module defines, imports, or names in a string, at any depth."""
    names = {"__file__", "__name__"}
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name):
                names.add(name)
            case ast.alias():
                names.add(node.asname or node.name)
            case ast.Constant(value=str(text)) if text.isidentifier():  # as in ``__all__``
                names.add(text)
            case ast.Attribute(attr=name):
                names.add(name)
    return names


def is_there(dotted: str) -> bool:
    """Return whether a dotted name leads to a module, or to something in one."""
    place = SOURCE.parent
    parts = dotted.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if parts and (place / f"{parts[0]}.py").is_file():
        place /= f"{parts.pop(0)}.py"
    module = place if place.is_file() else place / "__init__.py"
    return not parts or (module.is_file() and set(parts) <= find_names(module))


def exists(path: str) -> bool:
    """Return whether a path, from the project or from a folder in it, leads somewhere."""
    if path.startswith("data/") and path.rstrip("/") in read(Path("conf/base/catalog.yml")):
        return True
    pattern = path.rstrip("/")
    return any(
        fnmatch(str(each), pattern) or fnmatch(str(each), f"*/{pattern}") for each in list_files()
    )


def find_paths(text: str) -> list[str]:
    """Return what stands in backticks and is the path of a file or folder of this project."""
    quoted = re.findall(r"`([\w.*-]*[\w*-]/?(?:/[\w.*-]+)*/?)`", text)
    return [
        path
        for path in quoted
        if path.endswith(CODE)
        or re.fullmatch(r"[\w.-]+/", path)
        or path.startswith("data/0")
        or ("/" in path and path.split("/")[0] in WRITTEN_FOR)
    ]


@pytest.mark.parametrize("suffix", [".md", ".yml", ".toml", ".ipynb", ".py"])
def test_each_dotted_name_leads_somewhere(suffix):
    lost = [
        f"{path}: {name}"
        for path in list_texts(suffix)
        for name in set(re.findall(r"\bonion_pipeline(?:\.[A-Za-z_]\w*)+", read(path)))
        if not is_there(name) and not name.endswith(".X")
    ]
    assert not lost, "\n".join(lost)


def test_each_reference_in_a_docstring_leads_somewhere():
    lost = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r":\w+:`(\w+)`", path.read_text(encoding="utf-8"))
        if name not in find_names(path) and name not in sys.stdlib_module_names
    ]
    assert not lost, "\n".join(lost)


@pytest.mark.parametrize(("suffix", "folder"), [(".md", ""), (".yml", ""), (".py", "src")])
def test_each_path_in_backticks_leads_somewhere(suffix, folder):
    lost = [
        f"{path}: {named}"
        for path in list_texts(suffix, folder)
        for named in set(find_paths(read(path))) - MADE
        if not exists(named)
    ]
    assert not lost, "\n".join(lost)


def test_each_file_that_a_page_names_is_one_of_ours():
    ours = "".join(read(path) for path in [*list_texts(".py", "src"), *list_texts(".yml", "conf")])
    names = {path.name for path in list_files()} | MADE | EXAMPLES
    lost = [
        f"{path}: {name}"
        for path in list_texts(".md")
        for name in set(re.findall(r"`([\w.]+\.[a-z][a-z0-9]+)`", read(path)))
        if name.partition(".")[2] in SUFFIXES and name not in names and name not in ours
    ]
    assert not lost, "\n".join(lost)


@pytest.mark.parametrize("suffix", [".md", ".yml"])
def test_each_parameter_that_is_named_is_there(suffix):
    parameters = read_parameters()
    named = re.compile(rf"\b(?:{'|'.join(parameters)})\.[a-z_.]*[a-z_]\b(?![:/])")
    lost = [
        f"{path}: {name}"
        for path in list_texts(suffix)
        for name in set(named.findall(read(path)))
        if not has_parameter(parameters, name) and not has_node(*name.split("."))
    ]
    assert not lost, "\n".join(lost)


def read_parameters() -> dict[str, Any]:
    """Return the groups of parameters, of all files in conf/base."""
    found: dict[str, Any] = {}
    for path in (PROJECT / "conf" / "base").glob("parameters*.yml"):
        found |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: values for name, values in found.items() if isinstance(values, dict)}


def has_parameter(values: Any, name: str) -> bool:
    first, _, rest = name.partition(".")
    found = isinstance(values, dict) and first in values
    return found and (not rest or has_parameter(values[first], rest))


def has_node(verb: str, name: str, *more: str) -> bool:
    """Return whether a pipeline has a node of this name."""
    modules = (SOURCE / "pipelines" / verb).glob("*.py")
    return not more and any(name in find_names(module) for module in modules)


def test_each_link_leads_to_a_file_and_to_a_heading_in_it():
    lost = [
        f"{path}: {target}"
        for path in list_texts(".md")
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", read(path))
        if not has_heading(path, *target.partition("#")[::2])
    ]
    assert not lost, "\n".join(lost)


def has_heading(page: Path, target: str, anchor: str) -> bool:
    path = PROJECT / page.parent / target if target else PROJECT / page
    if not anchor or not path.exists():
        return path.exists()
    headings = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
    return anchor in slugs


def test_contributing_lists_the_rooms_that_there_are():
    listed = re.findall(r"^\| `(\w+)/(?:<verb>/)?` \|", read(Path("CONTRIBUTING.md")), re.MULTILINE)
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert set(listed) == rooms
    tree = read(Path("README.md")).split("src/onion_pipeline/\n")[1].split("```")[0]
    assert [room for room in sorted(rooms) if f"{room}/" not in tree] == []


def test_tests_mirror_the_source():
    tests = [path.relative_to("tests") for path in list_texts(".py", "tests")]
    tests = [path for path in tests if path.name.startswith("test_")]
    other = {path for path in tests for kind in OF_OTHER_KINDS if fnmatch(str(path), kind)}
    alone = [str(path) for path in sorted(set(tests) - other) if not find_tested(path)]
    assert not alone, (
        "\n".join(alone)
        + "\na test has the name of what it tests; other kinds stand in OF_OTHER_KINDS"
    )
    unused = [kind for kind in OF_OTHER_KINDS if not any(fnmatch(str(p), kind) for p in tests)]
    assert unused == []


def find_tested(test: Path) -> bool:
    """Return whether there is a module of the same name, or a pipeline."""
    name, room = test.stem.removeprefix("test_"), test.parent.name
    # No two files of tests have one name, so some say what kind of a thing they test, or where.
    names = {name, *(name.removesuffix(f"_{kind}") for kind in ("hook", "pipeline"))}
    names.add(name.removeprefix(f"{room}_"))
    return any(
        (SOURCE / test.parent / each).is_dir() or (SOURCE / test.parent / f"{each}.py").is_file()
        for each in names
    )


def test_make_test_leaves_no_test_out():
    options = tomllib.loads(read(Path("pyproject.toml")))["tool"]["pytest"]["ini_options"]
    assert not re.search(r"(?:^| )-[mk]\b|--ignore|--deselect", options["addopts"])
    recipes = read(Path("Makefile")).split("\n\n")
    choosing = [
        recipe.split(":")[0] for recipe in recipes if re.search("PYTEST\\).* -[mk] ", recipe)
    ]
    assert choosing == ["test-fast"]


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_is_nowhere(word):
    places = [
        path for path in list_files() if path.parts[0] in {"src", "conf", "docs", "notebooks"}
    ]
    places += [Path(name) for name in ("README.md", "CONTRIBUTING.md")]
    pattern = re.compile(rf"(?<![A-Za-z]){word}s?(?![A-Za-z])", re.IGNORECASE)
    lost = [
        f"{path}:{number}: {line.strip()}"
        for path in places
        if path.suffix in {".md", ".py", ".yml", ".ipynb", ".j2"}
        for number, line in enumerate(read(path).splitlines(), 1)
        if pattern.search(line) and not any(text in line for text in ALLOWED)
    ]
    assert not lost, "\n".join(lost) + f"\nsay {RETIRED[word]}, see docs/glossary.md"
