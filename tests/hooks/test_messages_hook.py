import logging

import click
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node
from kedro_datasets.pandas import CSVDataset

from onion_pipeline.errors import DataError
from onion_pipeline.hooks.messages import Messages, mistakes_as_messages

ON_THE_COMMAND_LINE = click.Context(click.Command("run"))


def wrap(cause):
    """Wrap `cause` as Kedro does with what a dataset raises."""
    try:
        raise RuntimeError("Failed while loading data") from cause
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("error", [DataError("One class."), wrap(DataError("One class."))])
def test_an_error_of_ours_becomes_a_message_on_the_command_line_only(error):
    # Elsewhere, a notebook perhaps, the error is kept.
    Messages().on_pipeline_error(error, DataCatalog())
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        Messages().on_pipeline_error(error, DataCatalog())
    assert caught.value.message == "One class."
    assert caught.value.__cause__ is error


def test_another_error_keeps_its_traceback():
    with ON_THE_COMMAND_LINE:
        assert Messages().on_pipeline_error(wrap(KeyError("x")), DataCatalog()) is None


def test_a_message_names_the_file_that_tells_more(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data" / "quarantine.csv"
    catalog = DataCatalog({"quarantine": CSVDataset(filepath=str(path))})
    error = wrap(DataError("Too many.", dataset="quarantine"))
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        Messages().on_pipeline_error(error, catalog)
    assert caught.value.message == "Too many. See data/quarantine.csv"


def test_what_is_a_message_already_keeps_the_file_that_it_names():
    error = DataError("Too many.", dataset="quarantine")
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught, mistakes_as_messages():
        raise click.ClickException("Too many. See data/quarantine.csv") from error
    assert caught.value.message == "Too many. See data/quarantine.csv"


def test_a_node_is_announced_by_the_first_line_of_its_function(caplog):
    def count_images():
        """Count the images.

        One by one.
        """
        return 1

    with caplog.at_level(logging.INFO, "onion_pipeline.hooks"):
        Messages().before_node_run(Node(count_images, None, "count", name="count_images"))
    assert [record.getMessage() for record in caplog.records] == ["count_images: Count the images."]
