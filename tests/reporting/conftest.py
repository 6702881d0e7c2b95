import pandas as pd
import pytest

from onion_pipeline.model.architecture import read_layers, tabulate_architecture, walk_layers
from onion_pipeline.reporting.findings import Findings

COUNTS = {"train": 400, "validation": 100, "test": 100}
LAYERS = [{"conv2d": {"filters": 4, "kernel_size": 3}}, "flatten"]


def make_report():
    return {
        "files": 1203,
        "images": 1200,
        "quarantined": {"not_an_image": 2, "truncated": 1},
        "classes": {"ant": COUNTS, "bee": COUNTS},
        "imbalance": {"largest_class": "ant", "smallest_class": "bee", "ratio": 1.0},
        "formats": {"PNG": 1000, "JPEG": 200},
        "sizes": {
            "height": {"smallest": 10.0, "median": 12.0, "largest": 20.0},
            "width": {"smallest": 11.0, "median": 12.0, "largest": 30.0},
            "different": 5,
        },
        "duplicates": {"exact_pairs": 3, "near_pairs": 4, "contradicting_labels": {"pairs": 0}},
        "leaks": {"pairs": 0},
    }


def make_lineage():
    parts = {name: {"hash": f"{name[:4]}0123"} for name in ("data", "split", "parameters", "seed")}
    parts["data"]["images"] = 1200
    parts["split"]["images"] = {"test": 200, "train": 800, "validation": 200}
    parts["seed"]["seed"] = 42
    return {
        "hash": "f1f2f3",
        "source": "data/01_raw/insects.zip",
        **parts,
        "code": {"hash": "c0de", "commit": "abcdef0123456789", "changes": None},
        "dependencies": {
            "hash": "de95",
            "libraries": {"python": "3.11.7", "keras": "3.15.1"},
            "processors": {"number": 2, "threads": 0},
        },
    }


@pytest.fixture
def parts():
    """All that can be known of a model; each may be left out of its card but the first five."""
    severities = [(severity, 0.95 - 0.1 * severity) for severity in (1, 2, 3, 4, 5)]
    return {
        "model_name": "insects",
        "class_names": ["ant", "bee"],
        "image_shape": (12, 12, 1),
        "resize": "crop",
        "confidence_level": 0.95,
        "metrics": {
            "accuracy": 0.955,
            "accuracy_interval": [0.917, 0.976],
            "macro_f1": 0.95,
            "macro_f1_interval": [0.9, 0.98],
            "log_loss": 0.123,
            "top_3_accuracy": 0.99,
            "calibration_error": 0.02,
            "brier_score": 0.07,
            "answered": 0.9,
            "answered_accuracy": 0.99,
            "set_coverage": 0.91,
            "set_size": 1.25,
            "roc_auc": None,
            "test_images": 200,
        },
        "words": {
            "intended_use": "Counting *insects* in my garden.",
            "limits": "Not at night.",
            "contact": "me@example.org",
        },
        "data_report": make_report(),
        "architecture_table": tabulate_architecture(
            walk_layers(read_layers(LAYERS), (12, 12, 1), 2)
        ),
        "training_history": pd.DataFrame(
            {"epoch": [1, 2], "validation_accuracy": [0.9, 0.94], "best": [False, True]}
        ),
        "augmentation_policy": [{"name": "Affine"}, {"name": "CoarseDropout"}],
        "class_report": pd.DataFrame(
            {
                "class": ["ant", "bee"],
                "precision": [0.95, 0.96],
                "recall": [0.96, 0.95],
                "f1": [0.955, 0.954],
                "support": [100, 100],
                "is_weakest": [False, True],
            }
        ),
        "test_predictions": pd.DataFrame(
            {
                "label": ["ant"] * 100 + ["bee"] * 100,
                "predicted": ["ant"] * 96 + ["bee"] * 99 + ["ant"] * 5,
            }
        ),
        "calibration": {"temperature": 1.25},
        "operating_point": {
            "confidence_threshold": 0.8,
            "set_threshold": 0.3,
            "set_coverage": 0.9,
        },
        "baselines": pd.DataFrame(
            {
                "model": ["network", "majority_class"],
                "accuracy": [0.955, 0.5],
                "accuracy_low": [0.917, 0.43],
                "accuracy_high": [0.976, 0.57],
                "macro_f1": [0.95, 0.33],
                "p_value": [None, 1e-9],
            }
        ),
        "slices": pd.DataFrame(
            {
                "column": ["brightness", "size"],
                "value": ["darkest quarter", "smallest quarter"],
                "images": [50, 50],
                "accuracy": [0.8, 0.9],
                "accuracy_low": [0.67, 0.79],
                "accuracy_high": [0.89, 0.96],
                "is_worst": [True, False],
            }
        ),
        "robustness": pd.DataFrame(
            [("gaussian_noise", "noise", *each) for each in severities]
            + [("fog", "weather", severity, 0.9) for severity, _ in severities],
            columns=["corruption", "category", "severity", "accuracy"],
        ).assign(clean_accuracy=0.96, images=150),
        "promotion": {
            "decision": "challenger",
            "reason": "not better than version 1 (0.955 against 0.954, p = 0.5)",
            "champion_before": "1",
            "comparison": {
                "metric": "accuracy",
                "challenger": 0.955,
                "champion": 0.954,
                "multiply_adds": {"challenger": 1000, "champion": 2000},
            },
        },
        "model_lineage": make_lineage(),
        "parity_report": {
            "stages": [{"stage": "package", "largest_difference": 3e-8, "tolerance": 1e-5}]
        },
    }


@pytest.fixture
def make_findings(parts):
    """A function that changes some of what is known, or leaves it out where it is ``None``."""

    def make(**changes):
        return Findings(**parts | changes)

    return make
