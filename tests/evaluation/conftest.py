import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation.predictions import tabulate_predictions
from onion_pipeline.images.arrays import labelled_dtype

CLASSES = ["ant", "bee", "cat", "dog"]


@pytest.fixture
def class_names():
    return CLASSES


@pytest.fixture
def make_predictions():
    """A table of the predictions for `truth`; the probabilities are one row each."""

    def make(truth, probabilities):
        images = np.zeros(len(truth), labelled_dtype((2, 2, 1)))
        images["label"] = truth
        images["index"] = np.arange(len(truth))
        paths = pd.Series([f"{number}.png" for number in range(len(truth))])
        return tabulate_predictions(images, np.asarray(probabilities), paths, CLASSES)

    return make
