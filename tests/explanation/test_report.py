import json

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.explanation import selection
from onion_pipeline.explanation.report import describe_network
from onion_pipeline.explanation.selection import count_pictures


@pytest.fixture
def describe(onion, branched):
    def run(model=onion):
        shape = model.input_shape[1:]
        names = [f"class {number}" for number in range(model.output_shape[-1])]
        generator = np.random.default_rng(0)
        images = generator.integers(0, 256, (2, *shape), dtype=np.uint8)
        answers = model.predict_on_batch(images)
        predictions = pd.DataFrame({f"probability_{n}": answers[:, i] for i, n in enumerate(names)})
        rows = {"label": names[:2], "predicted": names[0], "path": ["a.png", "b.png"]}
        return images, describe_network(model, images, predictions.assign(**rows), names)

    return run


def test_the_description_is_plain_json_that_refers_to_arrays(describe, onion):
    images, (description, tensors) = describe()
    plain = json.loads(json.dumps(description))
    assert [layer["name"] for layer in plain["layers"]][:3] == ["image", "scaling", "conv2d_1"]
    assert plain["model"]["parameters"] == onion.count_params()
    conv = plain["layers"][2]
    kernel, bias = onion.get_layer("conv2d_1").get_weights()
    np.testing.assert_array_equal(tensors[conv["weights"]["kernel"]], kernel)
    np.testing.assert_array_equal(tensors[conv["weights"]["bias"]], bias)
    assert conv["outputs"] is None
    first = plain["pictures"][0]
    np.testing.assert_array_equal(tensors[first["pixels"]], images[0])
    assert sum(first["probabilities"]) == pytest.approx(1)


def test_what_the_page_cannot_compute_is_given(describe, branched, keras):
    images, (description, tensors) = describe(branched)
    given = [layer for layer in description["layers"] if layer["outputs"] is not None]
    assert [layer["name"] for layer in given] == ["upper"]
    expected = keras.Model(branched.inputs[0], branched.get_layer("upper").output)(images)
    for number, at in enumerate(given[0]["outputs"]):
        np.testing.assert_allclose(tensors[at], expected[number], rtol=1e-6)


def test_weights_that_are_too_many_stay_outside(describe, monkeypatch):
    monkeypatch.setattr(selection, "LARGEST_WEIGHTS", 600)
    _, (description, tensors) = describe()
    layers = {layer["name"]: layer for layer in description["layers"]}
    assert layers["conv2d_1"]["weights"]
    assert layers["conv2d_1"]["outputs"] is None
    heavy = [name for name, layer in layers.items() if layer["outputs"] is not None]
    assert "dense_1" in heavy
    assert all(layers[name]["weights"] == {} for name in heavy)
    held = sum(tensors[at].nbytes for each in layers.values() for at in each["weights"].values())
    assert held <= 600


def test_there_is_room_for_all_pictures_unless_much_must_be_given(onion, branched, monkeypatch):
    assert count_pictures(onion, 12) == count_pictures(branched, 12) == 12
    monkeypatch.setattr(selection, "LARGEST_OUTPUTS", 3 * 12 * 12 * 5 * 4)
    assert count_pictures(branched, 12) == 3  # what leaves its layer of an unknown kind
    monkeypatch.setattr(selection, "LARGEST_OUTPUTS", 1)
    assert count_pictures(branched, 12) == 1
