import pytest
from click.testing import CliRunner
from kedro.framework.project import configure_project

from onion_pipeline.cli import command


@pytest.fixture
def run(monkeypatch):
    """A function that runs the command up to Kedro's part of it, and returns what that is given."""
    configure_project("onion_pipeline", preserve_logging=True)
    given = {}
    monkeypatch.setattr(command.run, "callback", lambda **options: given.update(options))

    def invoke(*arguments):
        given.clear()
        result = CliRunner().invoke(command.run, arguments)
        return given, result

    return invoke


def test_parameters_arrive_as_they_were_typed(run):
    given, result = run("--params", "images=2024_05 #2,seed=7")
    assert result.exit_code == 0, result.output
    assert given["params"] == {"images": "2024_05 #2", "seed": 7}
    assert run()[0]["params"] == {}


def test_a_file_may_hold_the_options(run, tmp_path):
    path = tmp_path / "run.yml"
    path.write_text("run:\n  pipelines: ingest\n  params: {images: photos, seed: 7}\n")
    given, result = run("--config", str(path))
    assert result.exit_code == 0, result.output
    assert given["params"] == {"images": "photos", "seed": 7}
    assert given["pipelines"] == ["ingest"]
    path.write_text("run: {params: 'images=2024_05'}")
    assert run("--config", str(path))[0]["params"] == {"images": "2024_05"}


@pytest.mark.parametrize("content", ["", "[", "a", "images: photos", "run: 3", "run:", "- run"])
def test_a_file_without_options_is_named(run, tmp_path, content):
    path = tmp_path / "run.yml"
    path.write_text(content)
    given, result = run("--config", str(path))
    assert (given, result.exit_code) == ({}, 1)
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith(f"Error: --config {path} holds no options")
    assert "below 'run:'" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--params", "photos"], "'photos' is no parameter"),
        (["--load-versions", "nosuch"], "Expected the form"),
        (["--pipeline", "train", "--pipelines", "train"], "cannot be used together"),
        (["--tags", "nosuch"], "--tags: 'nosuch' is unknown"),
        (["--runner", "Nosuch"], "--runner: 'Nosuch' is unknown"),
    ],
)
def test_a_mistake_is_one_message(arguments, said):
    result = CliRunner().invoke(command.run, arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ")
    assert said in result.output


def test_an_unknown_key_in_a_file_is_named(run, tmp_path):
    path = tmp_path / "run.yml"
    path.write_text("run: {pipelnes: ingest}")
    _, result = run("--config", str(path))
    assert result.exit_code == 1
    assert result.output.startswith("Error: Key `pipelnes` in provided configuration is not valid")
