"""What a network must beat to have learned anything: the majority class, and single pixels."""

import warnings
from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Ids, Pixels
from onion_pipeline.evaluation.intervals import wilson_interval
from onion_pipeline.evaluation.metrics import tabulate_classes
from onion_pipeline.evaluation.predictions import find_ids
from onion_pipeline.evaluation.significance import compare_accuracy
from onion_pipeline.images.arrays import CHUNK_BYTES

LONGEST_SIDE = 16  # pixels
MOST_IMAGES = 20_000  # that the regression is fitted to
STEPS = 200  # of its solver
BASELINES = ("majority_class", "logistic_regression")


def find_best_constant(truth: Ids, usual: int, classes: int) -> int:
    """Return the class that is right most often if one always names it, without a picture.

    It is the most frequent one of the test, `truth`, (N,), with ids in [0, `classes`). The most
    frequent one of training, `usual`, may be absent from a test that is given, and then mere
    guesses beat it; of several that are equally frequent in the test it is taken. Whoever guesses
    without regard to the pictures is right, on average, no more often than this.
    """
    images = np.bincount(truth, minlength=classes)
    return usual if images[usual] == images.max() else int(images.argmax())


def predict_by_pixels(train: tuple[Pixels, Ids], images: Pixels, seed: int) -> Ids:
    """Return what logistic regression on the pixels says of `images`, int64 (M,).

    Pictures are shrunk to at most 16 pixels on the longer side, since a weight for each pixel of a
    large one is no better, and at most 20,000 are drawn. It is not trained to the end where that
    takes more than 200 steps: as a baseline it need not be.

    Args:
        train: uint8 (N, H, W, C) pictures without variants, and int64 (N,) ids.
        images: uint8, (M, H, W, C).
        seed: of the draw.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    rows = np.sort(np.random.default_rng(seed).permutation(len(train[1]))[:MOST_IMAGES])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=STEPS))
    # Hundreds of short steps: threads that wait for each other take longer than one alone.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(_read_pixels(train[0], rows), train[1][rows])
    return model.predict(_read_pixels(images, np.arange(len(images)))).astype(np.int64)


def compare_with_baselines(
    predictions: DataFrame,
    baselines: DataFrame,
    class_names: Sequence[str],
    confidence_level: float,
) -> DataFrame:
    """Return the network beside the baselines, on the same test images.

    Returns:
        Columns ``model`` (``network`` first), ``accuracy``, ``accuracy_low``, ``accuracy_high``
        (Wilson), ``macro_f1`` and ``p_value``: of McNemar's exact test against the network, which
        has none.
    """
    import pandas as pd

    answers = {"network": predictions["predicted"], **{name: baselines[name] for name in BASELINES}}
    tables = [predictions.assign(predicted=answer.to_numpy()) for answer in answers.values()]
    truth, network, *others = (
        find_ids(labels, class_names) for labels in (predictions["label"], *answers.values())
    )
    right = np.array([(each == truth).sum() for each in (network, *others)])
    low, high = wilson_interval(right, np.full(len(right), len(truth)), confidence_level).T
    f1 = [tabulate_classes(table, class_names, confidence_level)["f1"].mean() for table in tables]
    return pd.DataFrame(
        {
            "model": list(answers),
            "accuracy": right / len(truth),
            "accuracy_low": low,
            "accuracy_high": high,
            "macro_f1": f1,
            "p_value": [None, *(compare_accuracy(truth, network, each).p_value for each in others)],
        }
    )


def list_unbeaten(table: DataFrame, significance: float = 0.05) -> list[str]:
    """Return the baselines than which the network is not significantly better."""
    network, others = table.iloc[0], table.iloc[1:]
    beaten = (others["accuracy"] < network["accuracy"]) & (others["p_value"] <= significance)
    return others.loc[~beaten, "model"].tolist()


def _read_pixels(images: Pixels, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the shrunk pixels of these rows, (N, F): 20,000 photographs exceed a memory."""
    parts = -(-len(rows) // max(1, CHUNK_BYTES // prod(images.shape[1:])))
    return np.concatenate([_shrink(images[part]) for part in np.array_split(rows, parts)])


def _shrink(images: Pixels) -> NDArray[np.float32]:
    """Return the pixels of pictures as float32 (N, F), each the mean of a block."""
    step = max(1, -(-max(images.shape[1:3]) // LONGEST_SIDE))
    height, width = (max(1, side // step) for side in images.shape[1:3])
    tall, wide = (min(step, side) for side in images.shape[1:3])
    cut = images[:, : height * tall, : width * wide]
    # Sums of whole numbers are exact, and row by row they are had in a sixth of the time.
    lines = cut.reshape(len(images), height, tall, -1).sum(axis=2, dtype=np.float32)
    blocks = lines.reshape(len(images), height, width, wide, -1).sum(axis=3)
    return (blocks / np.float32(tall * wide)).reshape(len(images), -1)
