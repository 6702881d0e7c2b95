import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from onion_pipeline.evaluation.predictions import predict_probabilities, tabulate_probabilities
from onion_pipeline.explanation.report import LARGEST_WEIGHTS
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.images.decoding.decoder import DEFAULT_RENDERING
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.pipelines.explain.pipeline import create_pipeline

pytestmark = pytest.mark.slow  # a training

NAMES = ["a", "b", "c"]
LAYERS = [{"conv2d": {"filters": 4}}, "max_pooling2d", "flatten", {"dense": {"units": 8}}]


def make_findings() -> dict:
    """What the pipelines before this one have left, of which the report tells some figures."""
    counts = {"train": 6, "validation": 2, "test": 4}
    return {
        "metrics": {"accuracy": 0.5, "accuracy_interval": [0.2, 0.8], "test_images": 12},
        "calibration": {},
        "operating_point": {},
        "baselines": pd.DataFrame(
            {"model": ["majority_class"], "accuracy": 0.3, "macro_f1": 0.2, "p_value": 0.2}
        ),
        "class_report": pd.DataFrame({"class": NAMES, "recall": 0.5, "support": 4}),
        "slices": pd.DataFrame({"column": ["class"], "value": "a", "is_worst": False}),
        "robustness": pd.DataFrame({"corruption": []}),
        "data_report": {
            "files": 36,
            "images": 36,
            "quarantined": {},
            "classes": dict.fromkeys(NAMES, counts),
            "imbalance": {"largest_class": "a", "smallest_class": "b", "ratio": 1.0},
            "duplicates": {"exact_pairs": 0, "near_pairs": 0, "contradicting_labels": {"pairs": 0}},
            "leaks": {"pairs": 0},
        },
    }


@pytest.fixture(scope="module")
def model(keras):
    return build_model(read_layers(LAYERS), (12, 12, 3), 3, seed=0)


@pytest.fixture
def explain(run_nodes, labelled_images, base_parameters, model):
    """A function that runs the pipeline with some parameters of its own."""

    def run(model=model, images=labelled_images, names=NAMES, parameters=None):
        answers = predict_probabilities(model, images["image"])
        paths = [f"{number}.png" for number in range(len(images))]
        labels = [names[label] for label in images["label"]]
        return run_nodes(
            create_pipeline(),
            {
                **make_findings(),
                "calibrated_model": model,
                "class_names": names,
                "test_images": images,
                "test_predictions": tabulate_probabilities(answers, paths, labels, names),
                "augmentation_policy": [{"name": "HorizontalFlip", "arguments": {}}],
                "training_history": pd.DataFrame({"epoch": [1], "loss": [1.0]}),
                "kernel_history": np.zeros((2, 3, 3, 3, 4), np.float32),
                "rendering": DEFAULT_RENDERING._asdict(),
                "params:ingest": base_parameters.ingest,
                "params:evaluate": base_parameters.evaluate,
                "params:register": base_parameters.register_,
                "params:build": base_parameters.build,
                "params:explain": base_parameters.explain.model_copy(update=parameters or {}),
                "params:seed": 1,
            },
        )

    return run


def read_report(page: str) -> dict:
    return json.loads(re.search(r'id="report">(.*?)</script>', page, re.DOTALL)[1])


def test_test_images_of_each_class_are_explained(explain, labelled_images):
    made = explain(parameters={"pictures": 4})
    table = made["explained_predictions"]
    assert len(table) == len(made["explained_images"]) == 4
    for image, path in zip(made["explained_images"], table["path"], strict=True):
        number = int(Path(path).stem)
        np.testing.assert_array_equal(image, labelled_images["image"][number])


def test_the_report_has_all_its_parts(explain):
    report = read_report(explain(parameters={"pictures": 3})["onion_report"])
    assert {"augmentation", "learning", "confusion", "map", "trust", "occlusion"} < set(report)
    assert [layer["kind"] for layer in report["layers"]][2:4] == ["conv2d", "max_pooling2d"]
    assert report["learning"]["kernels"]["layer"] == "conv2d_1"
    assert len(report["pictures"]) == 3
    augmentation = report["augmentation"]
    assert len(augmentation["transforms"][0]["draws"]) == 4
    sureness = [max(picture["probabilities"]) for picture in report["pictures"]]
    assert sureness[augmentation["picture"]] == min(sureness)


def test_the_same_run_writes_the_same_page(explain):
    assert explain()["onion_report"] == explain()["onion_report"]


def test_other_pictures_are_explained_without_a_true_class(explain, tmp_path):
    Image.new("RGB", (24, 24), "navy").save(tmp_path / "photo.jpg")
    made = explain(parameters={"images": str(tmp_path / "photo.jpg")})
    (picture,) = read_report(made["onion_report"])["pictures"]
    assert (picture["path"], picture["label"]) == ("photo.jpg", None)
    assert picture["predicted"] in NAMES
    assert made["explained_images"].shape == (1, 12, 12, 3)


def test_the_sheet_shows_each_picture_twice(explain):
    figure = explain(parameters={"pictures": 3})["attention_sheet"]
    assert sum(len(axes.images) > 0 for axes in figure.axes) == 6


def test_a_network_of_twelve_layers_fits_into_ten_megabytes(explain):
    """With noise for pictures, which nothing compresses, and as many weights as it has room for."""
    layers = [
        {"conv2d": {"filters": 32, "padding": "same"}},
        {"conv2d": {"filters": 32}},
        "max_pooling2d",
        {"conv2d": {"filters": 64}},
        "batch_normalization",
        "max_pooling2d",
        {"conv2d": {"filters": 128}},
        "max_pooling2d",
        "flatten",
        {"dense": {"units": 200}},
        {"dropout": {"rate": 0.4}},
        {"dense": {"units": 64}},
    ]
    names = [f"class {number}" for number in range(10)]
    model = build_model(read_layers(layers), (64, 64, 3), 10, seed=0)
    assert 0.95 * LARGEST_WEIGHTS < 4 * model.count_params() < LARGEST_WEIGHTS
    images = np.zeros(500, labelled_dtype((64, 64, 3)))
    images["image"] = np.random.default_rng(0).integers(0, 256, images["image"].shape)
    images["label"] = np.arange(500) % 10
    page = explain(model, images, names)["onion_report"]
    assert len(read_report(page)["pictures"]) == 12
    assert len(page.encode()) < 10e6
