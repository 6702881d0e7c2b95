import json
from types import SimpleNamespace

import pandas as pd
import pytest

from onion_pipeline.model.saving import save_model
from onion_pipeline.registry.classifier import ImageClassifier, find_model_version


@pytest.mark.parametrize(
    ("noted", "version"),
    [("model_name: onions\nmodel_version: '12'\n", "12"), ("model_version: null\n", None)],
)
def test_the_version_is_what_mlflow_noted_when_it_fetched_the_model(tmp_path, noted, version):
    (tmp_path / "registered_model_meta").write_text(noted)
    assert find_model_version(tmp_path) == version


def test_a_folder_that_came_from_no_registry_has_no_version(tmp_path):
    assert find_model_version(tmp_path) is None


def test_a_version_from_before_the_operating_point_still_answers(
    tmp_path, network, config, encode_picture
):
    (tmp_path / "artifacts").mkdir()
    weights, card = tmp_path / "artifacts" / "model.keras", tmp_path / "artifacts" / "card.json"
    save_model(network, weights)
    earlier = {name: config.as_dictionary()[name] for name in config._fields[:3]}
    card.write_text(json.dumps(earlier))
    classifier = ImageClassifier()
    classifier.load_context(SimpleNamespace(artifacts={"weights": weights, "card": card}))
    pictures = pd.DataFrame({"image": [encode_picture(0), b"broken"]})
    good, broken = classifier.predict(None, pictures).to_dict("records")
    assert good["label"] in config.class_names
    assert (good["prediction_set"], good["abstained"], good["error"]) == (None, False, "")
    assert broken["error"].startswith("unsupported_format")
