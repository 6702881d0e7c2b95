from types import SimpleNamespace

import click
import pandas as pd
import pytest
from kedro.config import MissingConfigException
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from onion_pipeline.datasets import CSVDataset, ImageSourceDataset
from onion_pipeline.errors import ConfigurationError
from onion_pipeline.hooks import Checks

ON_THE_COMMAND_LINE = click.Context(click.Command("run"))
MISSPELT = {"augment": {"copies": 1, "keep": True, "transforms": [{"HorizontalFlp": None}]}}


def make_checks(make_context, **changes):
    checks = Checks()
    checks.after_context_created(make_context(**changes))
    return checks


def test_parameters_are_checked_as_soon_as_they_are_known(make_context):
    Checks().after_context_created(make_context())
    with pytest.raises(ConfigurationError, match="seed is -1"):
        Checks().after_context_created(make_context(seed=-1))


def test_on_the_command_line_a_mistake_is_a_message(make_context):
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        Checks().after_context_created(make_context(seed=-1))
    assert "seed is -1" in caught.value.message
    assert caught.value.exit_code == 1


def test_transforms_are_checked_before_a_run_that_needs_them(make_context, make_node):
    checks = make_checks(make_context, **MISSPELT)
    needs = Pipeline([make_node("augmentation_policy")])
    with pytest.raises(ConfigurationError, match="did you mean 'HorizontalFlip'"):
        checks.before_pipeline_run({}, needs, DataCatalog())


def test_transforms_are_not_looked_up_for_other_runs(make_context, monkeypatch, make_node):
    checks = make_checks(make_context, **MISSPELT)
    monkeypatch.setattr("onion_pipeline.hooks.checks.check_transforms", pytest.fail)
    checks.before_pipeline_run({}, Pipeline([make_node("metrics")]), DataCatalog())


@pytest.mark.parametrize("name", ["raw_images", "new_images"])
def test_the_path_of_the_images_is_checked_before_a_run(make_context, tmp_path, name, make_node):
    catalog = DataCatalog({name: ImageSourceDataset(filepath=str(tmp_path / "nowhere"))})
    reads = Pipeline([make_node("image_index", name)])
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException, match="No images at"):
        make_checks(make_context).before_pipeline_run({}, reads, catalog)
    make_checks(make_context).before_pipeline_run({}, Pipeline([make_node("metrics")]), catalog)


def test_a_run_that_begins_in_the_middle_says_what_is_not_made_yet(
    make_context, tmp_path, make_node
):
    checks, names = make_checks(make_context), ["d", "a", "c", "b"]
    catalog = DataCatalog({name: CSVDataset(filepath=str(tmp_path / name)) for name in names})
    reads = Pipeline([make_node("metrics", names)])
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        checks.before_pipeline_run({}, reads, catalog)
    assert "read by this run: a, b, c and 1 more. Earlier steps" in caught.value.message
    for name in names[:3]:
        catalog.save(name, pd.DataFrame({"a": [1]}))
        (tmp_path / name).unlink()
    with pytest.raises(ConfigurationError, match=r"by this run: b\. Earlier"):
        checks.before_pipeline_run({"only_missing_outputs": True}, reads, catalog)
    for name in names:
        catalog.save(name, pd.DataFrame({"a": [1]}))
    checks.before_pipeline_run({}, reads, catalog)


def test_an_unknown_environment_is_a_message_that_names_the_known_ones(tmp_path):
    class Loader(dict):
        conf_source = str(tmp_path / "conf")

        def __missing__(self, key):
            raise MissingConfigException(f"Given configuration path does not exist: {key}")

    (tmp_path / "conf" / "photos").mkdir(parents=True)
    context = SimpleNamespace(config_loader=Loader(), project_path=tmp_path, env="photo")
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException, match=r"did you mean 'photos'\?"):
        Checks().after_context_created(context)


def test_a_folder_without_parameter_files_is_named(tmp_path):
    class Loader(dict):
        conf_source = str(tmp_path)

        def __missing__(self, key):
            raise MissingConfigException(f"Given configuration path does not exist: {key}")

    context = SimpleNamespace(config_loader=Loader(), project_path=tmp_path, env=None)
    with pytest.raises(ConfigurationError, match=r"no parameters\*.yml in .*base.*--conf-source"):
        Checks().after_context_created(context)


def test_a_version_of_an_entry_that_has_none_is_refused(make_context, tmp_path, make_node):
    """Kedro passes over it in silence."""
    checks, made = make_checks(make_context), Pipeline([make_node("metrics")])
    path = str(tmp_path / "table.csv")
    catalog = DataCatalog.from_config(
        {
            "metrics": {"type": "pandas.CSVDataset", "filepath": path},
            "table": {"type": "pandas.CSVDataset", "filepath": path, "versioned": True},
        }
    )
    checks.before_pipeline_run({"load_versions": {"table": "2024"}}, made, catalog)
    with pytest.raises(ConfigurationError, match="metrics has no versions"):
        checks.before_pipeline_run({"load_versions": {"metrics": "2024"}}, made, catalog)
