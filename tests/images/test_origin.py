import tomllib
from pathlib import Path

import numpy as np
import pytest

from onion_pipeline.images import origin
from onion_pipeline.images.origin import PACKAGE, find_version, fingerprint, hash_values

PROJECT = Path(__file__).parents[2]
LIBRARIES = ("numpy", "pillow")
ROWS = np.arange(12).reshape(4, 3)


def change(array, place):
    changed = array.copy()
    changed[place] += 1
    return changed


BASE = ("kind", LIBRARIES, ROWS, (2, 3), "text")


def test_the_same_ingredients_have_the_same_fingerprint():
    again = ("kind", LIBRARIES, ROWS.copy(), (2, 3), "text")
    assert fingerprint(*BASE) == fingerprint(*again)


@pytest.mark.parametrize(
    "other",
    [
        ("other", LIBRARIES, ROWS, (2, 3), "text"),
        ("kind", ("numpy",), ROWS, (2, 3), "text"),
        ("kind", ("numpy", "none of that name"), ROWS, (2, 3), "text"),
        ("kind", LIBRARIES, change(ROWS, (3, 2)), (2, 3), "text"),
        ("kind", LIBRARIES, change(ROWS, (0, 0)), (2, 3), "text"),
        ("kind", LIBRARIES, ROWS.reshape(3, 4), (2, 3), "text"),
        ("kind", LIBRARIES, ROWS.astype(np.int32), (2, 3), "text"),
        ("kind", LIBRARIES, ROWS[:3], (2, 3), "text"),
        ("kind", LIBRARIES, ROWS, (2, 4), "text"),
        ("kind", LIBRARIES, ROWS, (2, 3), "Text"),
        ("kind", LIBRARIES, ROWS, (2, 3)),
        ("kind", LIBRARIES, (2, 3), ROWS, "text"),
    ],
)
def test_any_change_gives_another_one(other):
    assert fingerprint(*other) != fingerprint(*BASE)


def test_values_have_a_hash_that_does_not_depend_on_code_or_libraries(monkeypatch):
    before = hash_values(ROWS, "text")
    monkeypatch.setattr(origin, "hash_code", lambda: "other")
    assert hash_values(ROWS.copy(), "text") == before != hash_values(ROWS, "Text")
    assert find_version("numpy") == np.__version__
    assert find_version("none of that name") == ""


def test_every_byte_of_a_large_array_counts(monkeypatch):
    monkeypatch.setattr(origin, "AT_A_TIME", 48)
    assert fingerprint(*BASE) == fingerprint(*BASE)
    found = {fingerprint("kind", (), change(ROWS, (n // 3, n % 3))) for n in range(12)}
    assert len(found) == 12


def test_a_structured_and_memory_mapped_array_counts_by_its_bytes(labelled_images, tmp_path):
    np.save(tmp_path / "a.npy", labelled_images)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert fingerprint("k", (), mapped) == fingerprint("k", (), labelled_images)


def test_every_packaged_file_counts_and_no_other_one():
    """What setuptools ships, as pyproject.toml tells it."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["setuptools"]
    packages = [path.parent for path in PACKAGE.rglob("__init__.py")]
    shipped = {path for package in packages for path in package.glob("*.py")}
    for name, patterns in settings["package-data"].items():
        folder = PACKAGE.parent.joinpath(*name.split("."))
        shipped |= {path for pattern in patterns for path in folder.glob(pattern)}
    names = sorted(path.relative_to(PACKAGE).as_posix() for path in shipped)
    assert origin.list_source() == names
    assert "explanation/page/bundle.js" in names
    assert "explanation/page/report.html.j2" in names


def test_what_the_bundle_is_built_from_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setattr(origin, "PACKAGE", tmp_path)
    folders = ("page/src/views", "page/node_modules/tool", "page/__pycache__", "page")
    names = ("input.js", "gyp.py", "module.cpython-311.pyc", "package.json")
    for folder, name in zip(folders, names, strict=True):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / name).write_text("1")
    assert origin.list_source() == []


@pytest.mark.parametrize(
    "name", ["module.py", "card.md.jinja", "page.css", "page.html.j2", "bundle.js", "licences.txt"]
)
def test_another_version_of_the_code_or_of_a_library_is_another_origin(monkeypatch, tmp_path, name):
    before = fingerprint(*BASE)
    with monkeypatch.context() as patch:
        patch.setattr(origin, "version", lambda name: "0.0")
        assert fingerprint(*BASE) != before
    monkeypatch.setattr(origin, "PACKAGE", tmp_path)
    hashes = []
    for text in ("1", "2", "1"):
        (tmp_path / name).write_text(text)
        origin.hash_code.cache_clear()
        hashes.append(fingerprint(*BASE))
    origin.hash_code.cache_clear()
    assert hashes[0] == hashes[2] != hashes[1]
    assert before not in hashes
