import pytest
from kedro.config import MissingConfigException

from onion_pipeline.configuration import ConfigLoader
from onion_pipeline.errors import ConfigurationError
from onion_pipeline.settings import CONFIG_LOADER_ARGS


@pytest.fixture
def load(tmp_path):
    """A function that reads configuration of which `local` says what is given, if anything."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base/globals.yml").write_text("images: digits.zip")
    (tmp_path / "base/parameters.yml").write_text("seed: 1\nimages: ${globals:images}")

    def make(env=None, **local):
        for name, text in local.items():
            (tmp_path / "local").mkdir(exist_ok=True)
            (tmp_path / f"local/{name}.yml").write_text(text)
        return ConfigLoader(str(tmp_path), env, **CONFIG_LOADER_ARGS)

    return make


def test_the_local_environment_need_not_be_there(load):
    assert load()["parameters"] == {"seed": 1, "images": "digits.zip"}


def test_it_is_read_where_it_is_there(load):
    loader = load(parameters="seed: 2", globals="images: photos")
    assert loader["parameters"] == {"seed": 2, "images": "photos"}


def test_files_are_read_once_and_nobody_changes_them_for_others(load, monkeypatch):
    loader = load()
    loader["parameters"]["seed"] = 3
    monkeypatch.setattr(ConfigLoader, "_read_files", None)
    assert loader["parameters"] == {"seed": 1, "images": "digits.zip"}


def test_an_environment_that_was_asked_for_must_be_there(load):
    with pytest.raises(MissingConfigException, match="nosuch"):
        load("nosuch")["parameters"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("seed: [1", r"parameters\*.yml in .*--params"), ("seed: ${nothing}", "'nothing' not found")],
)
def test_a_file_that_cannot_be_read_is_one_message(load, text, said):
    with pytest.raises(ConfigurationError, match=said):
        load(parameters=text)["parameters"]


def test_so_are_the_globals_which_are_read_first(load):
    with pytest.raises(ConfigurationError, match=r"globals\*.yml in"):
        load(globals="images: [1")


@pytest.mark.parametrize(
    ("typed", "found"),
    [("~/photos", "/home/me/photos"), ("photos/~", "photos/~"), ("~nobody-here", "~nobody-here")],
)
def test_a_path_in_the_home_of_the_user_is_not_one_in_the_project(load, monkeypatch, typed, found):
    monkeypatch.setenv("HOME", "/home/me")
    loader = load(globals=f"images: {typed}", catalog="raw: {filepath: '${globals:images}'}")
    assert loader["catalog"] == {"raw": {"filepath": found}}
