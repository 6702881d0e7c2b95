import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from onion_pipeline.evaluation.predictions import predict_probabilities, tabulate_answers
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.pipelines.explain.pipeline import create_pipeline

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
    answers = predict_probabilities(model, labelled_images["image"])
    paths = [f"{number}.png" for number in range(12)]
    labels = [NAMES[label] for label in labelled_images["label"]]

    def run(**changes):
        return run_nodes(
            create_pipeline(),
            {
                **make_findings(),
                "calibrated_model": model,
                "class_names": NAMES,
                "test_images": labelled_images,
                "test_predictions": tabulate_answers(answers, paths, labels, NAMES),
                "augmentation_policy": [{"name": "HorizontalFlip", "arguments": {}}],
                "training_history": pd.DataFrame({"epoch": [1], "loss": [1.0]}),
                "kernel_history": np.zeros((2, 3, 3, 3, 4), np.float32),
                "params:ingest": base_parameters.ingest,
                "params:evaluate": base_parameters.evaluate,
                "params:register": base_parameters.register_,
                "params:explain": base_parameters.explain.model_copy(update=changes),
                "params:seed": 1,
            },
        )

    return run


def read_report(page: str) -> dict:
    return json.loads(re.search(r'id="report">(.*?)</script>', page, re.DOTALL)[1])


def test_test_images_of_each_class_are_explained(explain, labelled_images):
    made = explain(pictures=4)
    table = made["explained_predictions"]
    assert len(table) == len(made["explained_images"]) == 4
    for image, path in zip(made["explained_images"], table["path"], strict=True):
        number = int(Path(path).stem)
        np.testing.assert_array_equal(image, labelled_images["image"][number])


def test_the_report_has_all_its_parts(explain):
    report = read_report(explain(pictures=3)["onion_report"])
    assert {"augmentation", "learning", "confusion", "map", "trust", "occlusion"} < set(report)
    assert [layer["kind"] for layer in report["layers"]][2:4] == ["conv2d", "max_pooling2d"]
    assert report["learning"]["kernels"]["layer"] == "conv2d_1"
    assert len(report["pictures"]) == 3
    assert len(report["augmentation"]["transforms"][0]["draws"]) == 4


def test_the_same_run_writes_the_same_page(explain):
    assert explain()["onion_report"] == explain()["onion_report"]


def test_other_pictures_are_explained_without_a_true_class(explain, tmp_path):
    Image.new("RGB", (24, 24), "navy").save(tmp_path / "photo.jpg")
    made = explain(images=str(tmp_path / "photo.jpg"))
    (picture,) = read_report(made["onion_report"])["pictures"]
    assert (picture["path"], picture["label"]) == ("photo.jpg", None)
    assert picture["predicted"] in NAMES
    assert made["explained_images"].shape == (1, 12, 12, 3)


def test_the_sheet_shows_each_picture_twice(explain):
    figure = explain(pictures=3)["attention_sheet"]
    assert sum(len(axes.images) > 0 for axes in figure.axes) == 6
