import subprocess

import pytest

from onion_pipeline.images.origin import hash_code
from onion_pipeline.registry.revision import describe_code


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
