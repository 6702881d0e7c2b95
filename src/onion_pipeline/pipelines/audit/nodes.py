"""Nodes that find labels that are probably wrong."""

from functools import partial
from typing import Any

from onion_pipeline.annotations import DataFrame, ImageFigure, KerasModel
from onion_pipeline.augmentation.policy import Step
from onion_pipeline.augmentation.streaming import offer_variants
from onion_pipeline.evaluation import figures, frequencies, label_issues, predictions
from onion_pipeline.images import splits
from onion_pipeline.images.arrays import DecodedImages, LabelledImages, check_match
from onion_pipeline.parameters import (
    AuditParameters,
    AugmentParameters,
    EvaluateParameters,
    IngestParameters,
    TrainParameters,
)
from onion_pipeline.training import features, fit, folds, phases


def assign_folds(
    image_splits: DataFrame, parameters: AuditParameters, ingest: IngestParameters
) -> DataFrame:
    """Draw the folds, such that no picture and its like lie in two of them."""
    fold = splits.assign_folds(image_splits, parameters.folds, ingest.seed)
    return image_splits[["path", "label", "split"]].assign(fold=fold)


def predict_out_of_fold(
    untrained_model: KerasModel,
    image_folds: DataFrame,
    class_names: list[str],
    augmented_images: LabelledImages,
    validation_images: LabelledImages,
    backbone_features: LabelledImages,
    augmentation_policy: list[Step],
    augment: AugmentParameters,
    parameters: TrainParameters,
    evaluate: EvaluateParameters,
    seed: int,
) -> tuple[DataFrame, DataFrame]:
    """Classify each image by a network that has not been trained on it.

    Where a probe has features of the images, these networks are heads on the same features: what
    the backbone knows, it knows of none of these images.
    """
    if len(backbone_features):
        parts: list[Any] = [backbone_features]
        _, network = features.split_network(untrained_model)
        train = partial(phases.fit_head, network, parameters=parameters, seed=seed)
    else:
        images = offer_variants(augmented_images, augmentation_policy, augment, seed)
        parts = [images, validation_images]
        train = partial(fit.train_model, untrained_model, parameters=parameters, seed=seed)
    # The answers to the test, beside which these are put, have the same frequencies.
    shifts = frequencies.find_shifts(
        frequencies.count_training(image_folds, class_names),
        bool(parameters.class_weights),
        evaluate.class_frequencies,
    )
    divided = folds.divide_images(parts, image_folds["fold"])
    tables, histories = [], []
    for trained, unseen in folds.train_folds(divided, train):
        histories.append(trained.history)
        raw = predictions.predict_probabilities(trained.model, unseen["image"])
        probabilities = frequencies.shift_probabilities(raw, shifts)
        tables.append(
            predictions.tabulate_predictions(
                unseen, probabilities, image_folds["path"], class_names
            )
        )
    return label_issues.join_folds(tables, image_folds), folds.join_histories(histories)


def find_label_issues(
    out_of_fold_predictions: DataFrame,
    test_predictions: DataFrame,
    image_folds: DataFrame,
    class_names: list[str],
) -> DataFrame:
    """List the images whose label is probably wrong, worst first."""
    joined = label_issues.join_test(out_of_fold_predictions, test_predictions, image_folds)
    return label_issues.find_label_issues(joined, class_names)


def draw_suspect_labels(
    label_issues: DataFrame,
    decoded_images: DecodedImages,
    image_splits: DataFrame,
    parameters: AuditParameters,
) -> ImageFigure:
    """Show the images whose labels are least likely."""
    check_match(decoded_images, image_splits)
    return figures.draw_suspect_labels(
        label_issues, decoded_images["image"], image_splits["path"], parameters.shown
    )
