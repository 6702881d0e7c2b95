from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError

from onion_pipeline.datasets import CheckpointsDataset
from onion_pipeline.training.checkpoints import TrainingFolder


def test_what_is_loaded_keeps_checkpoints_below_the_path(tmp_path):
    folder = CheckpointsDataset(filepath=str(tmp_path / "checkpoints")).load()
    path = TrainingFolder(folder, {}).write(1, 0, {"weights": np.zeros(2)})
    assert path.parents[1] == tmp_path / "checkpoints"


def test_it_exists_before_there_is_a_checkpoint_and_makes_no_folder(tmp_path):
    dataset = CheckpointsDataset(filepath=str(tmp_path / "checkpoints"))
    assert dataset.exists()
    assert TrainingFolder(dataset.load(), {}).read_last() is None
    assert not list(tmp_path.iterdir())


def test_saving_checkpoints_is_refused(tmp_path):
    dataset = CheckpointsDataset(filepath=str(tmp_path))
    with pytest.raises(DatasetError, match="read-only: a training writes its checkpoints itself"):
        dataset.save(dataset.load())


def test_its_text_names_the_folder_and_its_metadata_is_kept():
    dataset = CheckpointsDataset(filepath="some/checkpoints", metadata={"a": 1})
    assert Path("some/checkpoints").name in str(dataset)
    assert dataset.metadata == {"a": 1}
