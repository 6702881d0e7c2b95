import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from onion_pipeline import origin
from onion_pipeline.origin import (
    PACKAGE,
    describe_code,
    describe_origin,
    find_versions,
    hash_code,
    hash_origin,
    hash_values,
)
from onion_pipeline.workers.parallel import count_processors

PROJECT = Path(__file__).parents[1]
LIBRARIES = ("numpy", "pillow")
ROWS = np.arange(12).reshape(4, 3)


def change(array, place):
    changed = array.copy()
    changed[place] += 1
    return changed


BASE = ("kind", LIBRARIES, ROWS, (2, 3), "text")


def test_what_is_made_of_the_same_has_the_same_origin():
    again = ("kind", LIBRARIES, ROWS.copy(), (2, 3), "text")
    assert hash_origin(*BASE) == hash_origin(*again)


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
    assert hash_origin(*other) != hash_origin(*BASE)


def test_values_have_a_hash_that_does_not_depend_on_code_or_libraries(monkeypatch):
    before = hash_values(ROWS, "text")
    monkeypatch.setattr(origin, "hash_code", lambda: "other")
    assert hash_values(ROWS.copy(), "text") == before != hash_values(ROWS, "Text")


def test_every_byte_of_a_large_array_counts(monkeypatch):
    monkeypatch.setattr(origin, "AT_A_TIME", 48)
    assert hash_origin(*BASE) == hash_origin(*BASE)
    found = {hash_origin("kind", (), change(ROWS, (n // 3, n % 3))) for n in range(12)}
    assert len(found) == 12


def test_a_structured_and_memory_mapped_array_counts_by_its_bytes(labelled_images, tmp_path):
    np.save(tmp_path / "a.npy", labelled_images)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert hash_origin("k", (), mapped) == hash_origin("k", (), labelled_images)


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


@pytest.mark.parametrize(
    "name", ["module.py", "card.md.jinja", "page.css", "page.html.j2", "bundle.js", "licences.txt"]
)
def test_another_version_of_the_code_or_of_a_library_is_another_origin(monkeypatch, tmp_path, name):
    before = hash_origin(*BASE)
    with monkeypatch.context() as patch:
        patch.setattr(origin, "version", lambda name: "0.0")
        assert hash_origin(*BASE) != before
    monkeypatch.setattr(origin, "PACKAGE", tmp_path)
    hashes = []
    for text in ("1", "2", "1"):
        (tmp_path / name).write_text(text)
        origin.hash_code.cache_clear()
        hashes.append(hash_origin(*BASE))
    origin.hash_code.cache_clear()
    assert hashes[0] == hashes[2] != hashes[1]
    assert before not in hashes


def test_a_library_that_is_not_installed_has_no_version():
    versions = find_versions(["keras", "no-such-library-exists", "numpy"])
    assert versions == {"keras": version("keras"), "numpy": np.__version__}


def test_the_origin_of_a_run_names_libraries_threads_and_the_commit(tmp_path):
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(tmp_path)]
    subprocess.run([*command, "init", "-q"], check=True)
    subprocess.run([*command, "commit", "-qm", "First", "--allow-empty"], check=True)
    head = subprocess.run([*command, "rev-parse", "HEAD"], capture_output=True, check=True)
    described = describe_origin(tmp_path)
    assert described["git.commit"] == head.stdout.decode().strip()
    assert described["python"] == sys.version.split()[0]
    assert described["processors"] == str(count_processors())
    assert described["keras"] == version("keras")


def test_a_project_outside_git_has_an_unknown_commit(tmp_path, monkeypatch):
    assert describe_origin(tmp_path)["git.commit"] == "unknown"
    monkeypatch.setenv("PATH", "")
    assert describe_origin(tmp_path)["git.commit"] == "unknown"


def git(folder, *arguments):
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    command = ["git", *author, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture
def package(tmp_path):
    """A package in a repository, as it was committed."""
    folder = tmp_path / "project" / "src" / "package"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("one = 1\n")
    (folder.parents[1] / "conf.yml").write_text("seed: 1\n")
    root = folder.parents[1]
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "First")
    return folder


def test_what_is_as_it_was_committed_has_a_commit_and_no_changes(package):
    described = describe_code(package)
    assert described["commit"] == git(package, "rev-parse", "HEAD")
    assert described["changes"] is None
    assert hash_code().startswith(described["package"])


@pytest.mark.parametrize(
    ("name", "content", "counts"),
    [
        ("src/package/__init__.py", "one = 2\n", True),
        ("conf.yml", "seed: 2\n", True),
        ("src/package/new.py", "two = 2\n", True),
        ("conf/local.yml", "seed: 3\n", True),
        ("photos/one.png", "a picture", False),
    ],
)
def test_changes_are_those_to_files_of_the_commit_and_new_source_files(
    package, name, content, counts
):
    path = package.parents[1] / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    changes = describe_code(package)["changes"]
    assert (changes is not None) == counts
    path.write_text(content + "# more\n")
    assert (describe_code(package)["changes"] != changes) == counts


def test_settings_of_the_user_change_nothing(package):
    (package / "__init__.py").write_text("one = 2\n")
    before = describe_code(package)
    for setting in (("color.ui", "always"), ("diff.external", "true")):
        git(package, "config", *setting)
    assert describe_code(package) == before


def test_a_commit_that_does_not_hold_the_package_says_nothing(package, tmp_path):
    other = package / "other"
    other.mkdir()
    (other / "__init__.py").write_text("")
    assert describe_code(other)["commit"] is None
    assert describe_code(tmp_path) == {
        "package": hash_code()[:16],
        "commit": None,
        "changes": None,
    }


def test_without_git_there_is_the_hash_of_the_source(package, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert describe_code(package) == {"package": hash_code()[:16], "commit": None, "changes": None}
