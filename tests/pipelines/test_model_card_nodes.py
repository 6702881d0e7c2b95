from inspect import signature

import pandas as pd
import pytest

from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.model.architecture import read_layers, tabulate_architecture, walk_layers
from onion_pipeline.pipelines.register import nodes
from onion_pipeline.serving.config import ServingConfig

COUNTS = {"train": 6, "validation": 2, "test": 2}


@pytest.fixture
def values(base_parameters):
    """What some of the pipelines before this one have left."""
    rows = walk_layers(read_layers(["flatten"]), (12, 16, 3), 2)
    config = ServingConfig(["a", "b"], (12, 16, 3), Rendering("crop"), {"set_threshold": 0.1})
    return {
        **dict.fromkeys(signature(nodes.write_model_card).parameters),
        "serving_config": config.as_dictionary(),
        "metrics": {"accuracy": 0.5, "accuracy_interval": [0.1, 0.9], "test_images": 4},
        "data_report": make_data_report(),
        "architecture_table": tabulate_architecture(rows),
        "augmentation_policy": [{"name": "Affine"}],
        "training_history": pd.DataFrame(
            {"epoch": [1], "validation_accuracy": [0.5], "best": [True]}
        ),
        "class_report": pd.DataFrame(
            {"class": ["a"], "precision": 1.0, "recall": 0.5, "f1": 0.7, "support": 4}
        ),
        "test_predictions": pd.DataFrame({"label": ["a", "b"], "predicted": ["a", "a"]}),
        "evaluate": base_parameters.evaluate,
        "parameters": base_parameters.card.model_copy(update={"contact": "me"}),
        "register": base_parameters.register_,
        "build": base_parameters.build,
    }


def make_data_report():
    side = {"smallest": 12.0, "median": 12.0, "largest": 12.0}
    return {
        "files": 20,
        "images": 20,
        "quarantined": {},
        "classes": {"a": COUNTS, "b": COUNTS},
        "imbalance": {"largest_class": "a", "smallest_class": "b", "ratio": 1.0},
        "formats": {"PNG": 20},
        "sizes": {"height": side, "width": side, "different": 1},
        "duplicates": {"exact_pairs": 0, "near_pairs": 0, "contradicting_labels": {"pairs": 0}},
        "leaks": {"pairs": 0},
    }


def test_the_card_speaks_of_what_was_found_and_is_a_page_too(values):
    card = nodes.write_model_card(**values)
    assert card.startswith("# Model card: onion_pipeline\n")
    assert "It was trained on 12\u00a0pictures." in card
    assert "12\u00a0\u00d7\u00a016 pixels in colour, cut to that shape" in card
    assert card.endswith("## Contact\n\nme\n")
    page = nodes.draw_model_card(card)
    assert page.startswith("<!doctype html>")
    assert "Model card: onion_pipeline</h1>" in page
