"""Nodes that register the network."""

import json
from typing import Any

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.errors import DataError
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.model.architecture import find_backbone, read_layers
from onion_pipeline.model.graph import count_multiply_adds
from onion_pipeline.parameters import (
    BuildParameters,
    CardParameters,
    EvaluateParameters,
    IngestParameters,
    RegisterParameters,
)
from onion_pipeline.registry import attachments, champion_gate, parity, versions
from onion_pipeline.registry.champion_rules import Decision
from onion_pipeline.registry.contenders import Challenger
from onion_pipeline.registry.golden_images import draw_golden_images
from onion_pipeline.reporting import card, page
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.training import lineage


def describe_serving(
    calibrated_model: KerasModel,
    class_names: list[str],
    operating_point: dict[str, Any],
    rendering: dict[str, Any],
) -> dict[str, Any]:
    """Say what the network needs beside its weights to answer for a picture."""
    shape, rendered = calibrated_model.input_shape[1:], Rendering(**rendering)
    return ServingConfig(class_names, shape, rendered, operating_point).as_dictionary()


def check_parity(
    raw_images: ImageSource,
    test_images: LabelledImages,
    image_splits: DataFrame,
    calibrated_model: KerasModel,
    test_predictions: DataFrame,
    serving_config: dict[str, Any],
    ingest: IngestParameters,
    seed: int,
) -> dict[str, Any]:
    """Compare what the network answers when tested, saved, packaged and exported."""
    kept = raw_images.follow_links(ingest.follow_links)
    golden = draw_golden_images(kept, test_images, image_splits, seed)
    classifier = _make_classifier(calibrated_model, serving_config)
    return parity.measure_parity(classifier, golden, test_predictions)


def compare_champion(
    calibrated_model: KerasModel,
    serving_config: dict[str, Any],
    raw_images: ImageSource,
    image_splits: DataFrame,
    test_images: LabelledImages,
    test_predictions: DataFrame,
    ingest: IngestParameters,
    parameters: RegisterParameters,
) -> dict[str, Any]:
    """Decide whether the network becomes champion, on the images of its test."""
    challenger = Challenger(
        _make_classifier(calibrated_model, serving_config),
        _join_checksums(test_predictions, image_splits),
        test_images["image"],
        raw_images.follow_links(ingest.follow_links),
        image_splits.loc[image_splits["split"] == "train", "label"].mode()[0],
    )
    return champion_gate.choose_champion(challenger, parameters)._asdict()


def write_model_card(
    parameters: CardParameters,
    evaluate: EvaluateParameters,
    register: RegisterParameters,
    build: BuildParameters,
    serving_config: dict[str, Any],
    architecture_table: DataFrame,
    augmentation_policy: list[dict[str, Any]],
    baselines: DataFrame,
    calibration: dict[str, Any],
    class_report: DataFrame,
    data_report: dict[str, Any],
    metrics: dict[str, Any],
    model_lineage: dict[str, Any],
    parity_report: dict[str, Any],
    promotion: dict[str, Any],
    robustness: DataFrame,
    slices: DataFrame,
    test_predictions: DataFrame,
    training_history: DataFrame,
) -> str:
    """Write down what the model is for, how good it is and where it fails."""
    config = ServingConfig.from_dictionary(serving_config)
    return card.write_card(
        Findings(
            model_name=register.model_name,
            class_names=list(config.class_names),
            image_shape=config.image_shape,
            resize=config.rendering.resize,
            operating_point=dict(config.operating_point or {}),
            confidence_level=evaluate.confidence_level,
            words=parameters.model_dump(),
            backbone=find_backbone(read_layers(build.layers)),
            architecture_table=architecture_table,
            augmentation_policy=augmentation_policy,
            baselines=baselines,
            calibration=calibration,
            class_report=class_report,
            data_report=data_report,
            metrics=metrics,
            model_lineage=model_lineage,
            parity_report=parity_report,
            promotion=promotion,
            robustness=robustness,
            slices=slices,
            test_predictions=test_predictions,
            training_history=training_history,
        )
    )


def draw_model_card(model_card: str) -> str:
    """Make a page of the model card that opens offline."""
    return page.draw_page(model_card)


def register_model(
    calibrated_model: KerasModel,
    serving_config: dict[str, Any],
    image_splits: DataFrame,
    metrics: dict[str, Any],
    parity_report: dict[str, Any],
    promotion: dict[str, Any],
    model_lineage: dict[str, Any],
    image_lineage: DataFrame,
    model_card: str,
    parameters: RegisterParameters,
) -> dict[str, Any]:
    """Register the network with what serving it needs, or note that it is pending."""
    parity.require_parity(parity_report)
    seen = image_splits.loc[image_splits["split"].isin(["train", "validation"]), "sha256"]
    carried = attachments.Attachments(
        tags={
            "multiply_adds": str(count_multiply_adds(calibrated_model) or "unknown"),
            **lineage.make_tags(model_lineage),
        },
        description=card.shorten_card(model_card),
        files={
            attachments.MODEL_CARD: model_card.encode(),
            attachments.PROMOTION: json.dumps(promotion, indent=2).encode(),
            attachments.SEEN_IMAGES: attachments.pack_images(seen),
            **lineage.write_files(model_lineage, image_lineage),
        },
        package=parity_report["package"],
    )
    registered = versions.register_model(
        _make_classifier(calibrated_model, serving_config),
        parameters.model_name,
        Decision(**promotion),
        carried,
    )
    return {**registered._asdict(), "accuracy": metrics["accuracy"]}


def _make_classifier(model: KerasModel, serving_config: dict[str, Any]) -> Classifier:
    return Classifier(model, ServingConfig.from_dictionary(serving_config))


def _join_checksums(predictions: DataFrame, image_splits: DataFrame) -> DataFrame:
    """Return the predictions of the test images with the checksum of each file."""
    tested = image_splits.loc[image_splits["split"] == "test", ["path", "sha256"]]
    if tested["path"].tolist() != predictions["path"].tolist():
        raise DataError(
            f"The {len(predictions)} predictions and the {len(tested)} test images are of other "
            "files: one is left from another run. Make both anew: kedro run"
        )
    return predictions.assign(sha256=tested["sha256"].to_numpy())
