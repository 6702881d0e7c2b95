"""The notebook: it runs from the first cell to the last, and is kept without its outputs."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # a whole notebook, twice

NotebookNode = Any  # nbformat takes seconds to import
PROJECT = Path(__file__).parents[1]
NOTEBOOK = "notebooks/peel_the_onion.ipynb"
SECONDS_PER_CELL = 600


@pytest.fixture(scope="module")
def project(copy_project, precision) -> Path:
    """A copy of the project with the sample and the notebook, for the notebook to write to."""
    copy = copy_project(precision)
    for name in ("data/01_raw/digits.zip", NOTEBOOK):
        (copy / name).parent.mkdir(parents=True)
        shutil.copy(PROJECT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def executed(project: Path) -> Iterator[NotebookNode]:
    """The notebook after a run in the copy, from its own folder as Jupyter does."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(project / NOTEBOOK, as_version=4)
    folder = str((project / NOTEBOOK).parent)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": folder}},
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "KEDRO_ENV", "KEDRO_LOGGING_CONFIG"):
            patch.delenv(name, raising=False)  # the kernel inherits what other tests may have set
        patch.setenv("IPYTHONDIR", str(project / "ipython"))
        yield client.execute()


def test_no_cell_fails_or_warns(executed: NotebookNode):
    outputs = [output for cell in _code_cells(executed) for output in cell.outputs]
    assert all(cell.execution_count for cell in _code_cells(executed))
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert "WARNING" not in _printed(executed)


def test_the_catalog_and_the_splits_are_shown(executed: NotebookNode):
    printed = _printed(executed)
    assert re.search(r"^model_input +train_images, validation_images, test_images", printed, re.M)
    assert "5000 images, 0 files refused" in printed


def test_the_layers_are_peeled(executed: NotebookNode):
    printed = _printed(executed)
    assert re.search(r"^conv2d_1 +26 x 26 x 32 ", printed, re.M)
    assert re.search(r"^max_pooling2d_1 +13 x 13 x 32 ", printed, re.M)
    (zeroed,) = re.findall(r"([\d.]+)% became 0", printed)
    assert float(zeroed) == pytest.approx(40, abs=1)


def test_the_short_training_beats_guessing_by_far(executed: NotebookNode):
    (accuracy,) = re.findall(r"^Accuracy +([\d.]+) of 750 test images", _printed(executed), re.M)
    assert float(accuracy) > 0.8


def test_every_figure_is_drawn(executed: NotebookNode):
    pictures = [
        output
        for cell in _code_cells(executed)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    # Raw images, augmentation, maps, dropout, mistakes; the trained maps and probabilities.
    assert len(pictures) == 7


def test_no_model_is_registered(executed: NotebookNode, project: Path):
    assert (project / "data/06_models/trained_model.keras").is_file()
    assert not (project / "data/08_reporting/registration.json").exists()


def test_the_notebook_is_kept_without_outputs():
    import nbformat

    notebook = nbformat.read(PROJECT / NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert [cell.id for cell in _code_cells(notebook) if cell.outputs] == []
    assert [cell.id for cell in _code_cells(notebook) if cell.execution_count] == []


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _printed(notebook: NotebookNode) -> str:
    """Return what the cells printed or logged."""
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in _code_cells(notebook)
        for output in cell.outputs
    )
