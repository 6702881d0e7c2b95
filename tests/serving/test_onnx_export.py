from typing import get_args

import numpy as np
import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.composites import LISTED
from onion_pipeline.model.layers import ActivationName
from onion_pipeline.serving import onnx_export
from onion_pipeline.serving.onnx_export import can_export, export_onnx, predict_onnx

pytestmark = pytest.mark.slow  # ONNX is imported

ACTIVATIONS = [{"activation": {"activation": name}} for name in get_args(ActivationName)]
OF_PICTURES = [
    {"conv2d": {"filters": 4, "kernel_size": 3, "padding": "same", "activation": "gelu"}},
    {"max_pooling2d": {"pool_size": 3, "strides": 2, "padding": "same"}},
    {"spatial_dropout2d": {"rate": 0.4}},
    {"separable_conv2d": {"filters": 6, "kernel_size": 3, "strides": 2, "padding": "same"}},
    "batch_normalization",
    {"average_pooling2d": {"pool_size": 2, "padding": "same"}},
    "layer_normalization",
]
NETWORKS = [
    [*OF_PICTURES, "flatten", {"dense": {"units": 8}}, *ACTIVATIONS, {"dropout": {"rate": 0.4}}],
    [*OF_PICTURES, "global_average_pooling2d"],
    [*OF_PICTURES, "global_max_pooling2d"],
    [{"residual": {"layers": OF_PICTURES, "projection": True}}, "flatten"],
    # It enlarges pictures that are as small as these, and makes three channels of one.
    [{"backbone": {"name": "efficientnet_lite0"}}, "global_average_pooling2d"],
]


def test_it_is_known_whether_the_extra_is_installed(monkeypatch):
    monkeypatch.setattr(onnx_export, "LIBRARIES", ("numpy",))
    assert can_export()
    monkeypatch.setattr(onnx_export, "LIBRARIES", ("numpy", "no-such-library-exists"))
    assert not can_export()


def test_every_kind_of_layer_is_in_a_network_that_is_exported_here():
    named = {str(layer) for network in NETWORKS for entry in network for layer in list_kinds(entry)}
    assert named == set(LISTED)


def list_kinds(entry):
    return [entry] if isinstance(entry, str) else list(entry)


# What is rounded adds up over the fifty layers of a backbone.
@pytest.mark.parametrize(
    ("layers", "channels", "tolerance"),
    [*((layers, 3, 1e-6) for layers in NETWORKS[:-1]), (NETWORKS[-1], 1, 1e-5)],
)
def test_an_onnx_file_gives_the_probabilities_of_the_network(
    keras, tmp_path, layers, channels, tolerance
):
    pytest.importorskip("tf2onnx", reason="the extra 'onnx' is not installed")
    shape = (18, 20, channels)
    model = build_model(read_layers(layers), shape, 3, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (5, *shape), dtype=np.uint8)
    export_onnx(model, tmp_path / "model.onnx")
    expected = model.predict_on_batch(images)
    assert np.ptp(expected, axis=0).max() > 1e-4  # it looks at the pictures
    for count in (5, 1):
        found = predict_onnx(tmp_path / "model.onnx", images[:count])
        np.testing.assert_allclose(found, expected[:count], atol=tolerance)
