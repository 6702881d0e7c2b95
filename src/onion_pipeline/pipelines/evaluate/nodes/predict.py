"""Nodes that predict: the network, calibrated, and what one could do without it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from onion_pipeline.annotations import DataFrame, KerasModel, Pixels
from onion_pipeline.augmentation.corruptions import SEVERITIES, corrupt_images, list_corruptions
from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.augmentation.variants import make_variants
from onion_pipeline.evaluation.baselines import find_best_constant, predict_by_pixels
from onion_pipeline.evaluation.calibration import calibrate_probabilities
from onion_pipeline.evaluation.frequencies import count_training, find_shifts
from onion_pipeline.evaluation.predictions import (
    find_ids,
    mirror_images,
    predict_probabilities,
    read_probabilities,
    tabulate_predictions,
)
from onion_pipeline.evaluation.robustness import tabulate_robustness
from onion_pipeline.evaluation.sampling import draw_evenly
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.model.inference_graph import make_inference_graph
from onion_pipeline.parameters import EvaluateParameters, TrainParameters


def calibrate_model(
    trained_model: KerasModel,
    validation_images: LabelledImages,
    image_splits: DataFrame,
    class_names: list[str],
    train: TrainParameters,
    evaluate: EvaluateParameters,
) -> tuple[KerasModel, dict[str, Any], DataFrame]:
    """Calibrate the network, on the validation images, and classify these.

    Both in one node, since the calibrated network has to answer for the choice, too.
    """
    counts = count_training(image_splits, class_names)
    shifts = find_shifts(counts, bool(train.class_weights), evaluate.class_frequencies)
    calibrated, figures, answers = calibrate_probabilities(
        trained_model, validation_images["image"], validation_images["label"], shifts
    )
    figures["class_frequencies"] = evaluate.class_frequencies
    paths = image_splits["path"]
    table = tabulate_predictions(validation_images, answers, paths, class_names)
    return calibrated, figures, table


def predict_test_images(
    calibrated_model: KerasModel,
    test_images: LabelledImages,
    image_splits: DataFrame,
    class_names: list[str],
) -> DataFrame:
    """Classify the test images, once."""
    probabilities = predict_probabilities(calibrated_model, test_images["image"])
    return tabulate_predictions(test_images, probabilities, image_splits["path"], class_names)


def predict_variants(
    calibrated_model: KerasModel,
    test_images: LabelledImages,
    test_predictions: DataFrame,
    augmentation_policy: list[Step],
    image_splits: DataFrame,
    class_names: list[str],
    parameters: EvaluateParameters,
    seed: int,
) -> DataFrame:
    """Classify the test images by the mean over each and variants of it, if that is wanted.

    One of the variants may be the mirror image. What it says of each image itself is known.
    """
    chain = compose(augmentation_policy if parameters.test_time_variants else [])
    changes: list[Callable[[Pixels], Pixels]] = [
        *([mirror_images] if parameters.test_time_flip else []),
        *(
            partial(make_variants, copies=copy, chain=chain, seed=seed)
            for copy in range(1, 1 + parameters.test_time_variants)
        ),
    ]
    chosen = test_images if changes else test_images[:0]
    graph = make_inference_graph(calibrated_model) if changes else calibrated_model
    known = read_probabilities(test_predictions, class_names)[: len(chosen)].astype(np.float32)
    answers = [
        known,
        *(predict_probabilities(graph, chosen["image"], change) for change in changes),
    ]
    return tabulate_predictions(chosen, np.mean(answers, axis=0), image_splits["path"], class_names)


def predict_corrupted_images(
    calibrated_model: KerasModel,
    test_images: LabelledImages,
    test_predictions: DataFrame,
    class_names: list[str],
    parameters: EvaluateParameters,
    seed: int,
) -> DataFrame:
    """Classify damaged test images."""
    rows = draw_evenly(test_images["label"], parameters.corrupted_images, seed)
    images, labels = test_images["image"][rows], test_images["label"][rows]
    if not len(rows):
        return tabulate_robustness(labels, labels, [])

    answer = partial(predict_probabilities, make_inference_graph(calibrated_model), images)
    answers = (
        (
            name,
            category,
            severity,
            answer(partial(corrupt_images, name=name, severity=severity, seed=seed)).argmax(axis=1),
        )
        for name, category in list_corruptions(images.shape[3]).items()
        for severity in SEVERITIES
    )
    clean = find_ids(test_predictions["predicted"], class_names)[rows]
    return tabulate_robustness(labels, clean, answers)


def predict_baselines(
    train_images: LabelledImages,
    test_images: LabelledImages,
    test_predictions: DataFrame,
    class_names: list[str],
    seed: int,
) -> DataFrame:
    """Classify the test images as one could without a network."""
    pixels, labels = train_images["image"], train_images["label"].astype(np.int64)
    names = np.asarray(class_names, dtype=object)
    by_pixels = predict_by_pixels((pixels, labels), test_images["image"], seed)
    truth, usual = find_ids(test_predictions["label"], class_names), np.bincount(labels).argmax()
    constant = find_best_constant(truth, int(usual), len(names))
    return test_predictions[["path", "label"]].assign(
        majority_class=names[constant], logistic_regression=names[by_pixels]
    )
