from types import SimpleNamespace

import click
import pytest
from kedro.config import MissingConfigException
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from onion_pipeline.datasets.image_source_dataset import ImageSourceDataset
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
        checks.before_pipeline_run(needs, DataCatalog())


def test_transforms_are_not_looked_up_for_other_runs(make_context, monkeypatch, make_node):
    checks = make_checks(make_context, **MISSPELT)
    monkeypatch.setattr("onion_pipeline.hooks.checks.check_transforms", pytest.fail)
    checks.before_pipeline_run(Pipeline([make_node("metrics")]), DataCatalog())


@pytest.mark.parametrize("name", ["raw_images", "new_images"])
def test_the_path_of_the_images_is_checked_before_a_run(make_context, tmp_path, name, make_node):
    catalog = DataCatalog({name: ImageSourceDataset(filepath=str(tmp_path / "nowhere"))})
    reads = Pipeline([make_node("image_index", name)])
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException, match="No images at"):
        make_checks(make_context).before_pipeline_run(reads, catalog)
    make_checks(make_context).before_pipeline_run(Pipeline([make_node("metrics")]), catalog)


def test_an_unknown_environment_is_a_message_that_names_the_known_ones(tmp_path):
    class Loader(dict):
        def __missing__(self, key):
            raise MissingConfigException(f"Given configuration path does not exist: {key}")

    (tmp_path / "conf" / "photos").mkdir(parents=True)
    context = SimpleNamespace(config_loader=Loader(), project_path=tmp_path, env="photo")
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException, match=r"did you mean 'photos'\?"):
        Checks().after_context_created(context)
