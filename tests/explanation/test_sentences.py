import pytest

from onion_pipeline.explanation.sentences import SENTENCES, describe_layer
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.graph import read_graph
from onion_pipeline.model.layers import KINDS


def describe(entry) -> str:
    """Return the sentence of a layer at which 9x8 places with 4 channels arrive."""
    kind = entry if isinstance(entry, str) else next(iter(entry))
    before = ["flatten"] if kind == "dense" else []
    after = [] if kind in {"dense", "flatten"} or kind.startswith("global") else ["flatten"]
    layers = read_layers([*before, entry, *after])
    nodes = read_graph(build_model(layers, (9, 8, 4), classes=2, seed=0))
    return next(describe_layer(node) for node in nodes if node.name == f"{kind}_1")


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        (
            {"conv2d": {"filters": 2, "kernel_size": (3, 5), "activation": "relu"}},
            ["2 small windows of 3×5 weights", "9×8 places, through all 4 channels",
             "multiplies the 60 numbers below it", "with a bias", "Negative sums become zero",
             "9×8 places become 7×4"],
        ),
        (
            {"conv2d": {"filters": 1, "strides": 2, "padding": "same", "use_bias": False}},
            ["1 small window of", "in steps of 2", "adds up what comes of it, one",
             "Zeros around the border"],
        ),
        ({"separable_conv2d": {"filters": 5, "depth_multiplier": 2}},
         ["each of 4 channels", "mixes the 8 results", "into 5"]),
        ("max_pooling2d", ["largest of each 2×2", "9×8×4 becomes 4×4×4", "78% less"]),
        ({"average_pooling2d": {"pool_size": 3}}, ["mean of each 3×3", "9×8×4 becomes 3×2×4"]),
        ("global_average_pooling2d", ["each 9×8 channel, its mean", "4 numbers are left"]),
        ("global_max_pooling2d", ["its largest number"]),
        ("flatten", ["9×8×4 numbers up in one row of 288"]),
        ({"dense": {"units": 7, "activation": "tanh"}},
         ["Each of 7 units weighs all 288 numbers", "2,016 weights", "(tanh)"]),
        ({"dropout": {"rate": 0.4}}, ["40% of 288 numbers", "by 1.67"]),
        ({"dropout": {"rate": 0.999}}, ["sets 99.9% of 288 numbers", "by 1,000 to make up"]),
        ({"dropout": {"rate": 0.9999999}}, ["sets 99.99999% of", "by 10,000,000"]),
        ({"conv2d": {"filters": 1, "kernel_size": 1, "strides": (2, 1)}},
         ["in steps of 2 down and 1 across", "multiplies the 4 numbers"]),
        ({"dropout": {"rate": 0}}, ["Lets every number pass"]),
        ({"max_pooling2d": {"pool_size": 1, "strides": 2}},
         ["one number at a time, in steps of 2", "9×8×4 becomes 5×4×4, 72% less"]),
        ({"average_pooling2d": {"pool_size": 1}}, ["and keeps it", "9×8×4 becomes 9×8×4. Noth"]),
        ({"max_pooling2d": {"strides": 1, "padding": "same"}}, ["becomes 9×8×4; the strongest"]),
        ({"conv2d": {"filters": 1, "strides": 2}},
         ["9×8 places become 4×3; the last column is left out."]),
        ({"conv2d": {"filters": 1, "kernel_size": (3, 2), "strides": 2}},
         ["9×8 places become 4×4."]),
        ({"dense": {"units": 1}}, ["One unit weighs all 288 numbers", ": 288 weights."]),
        ({"spatial_dropout2d": {"rate": 0.25}}, ["25% of 4 channels, each as a whole", "by 1.33"]),
        ("batch_normalization", ["each of 4 channels to mean 0 and spread 1"]),
        ("layer_normalization", ["the 4 numbers at each place"]),
        ({"activation": {"activation": "relu"}}, ["Negative numbers become zero (ReLU)."]),
        ({"activation": {"activation": "linear"}}, ["Lets every number pass."]),
    ],
)  # fmt: skip
def test_the_sentences_are_true_for_the_settings(entry, parts):
    sentence = describe(entry)
    for part in parts:
        assert part in sentence


def test_every_layer_of_a_parameter_file_has_its_sentence():
    assert set(KINDS) - {"backbone"} <= set(SENTENCES)  # which has one for each of its blocks


def test_other_layers_are_described_by_what_arrives_and_leaves(branched):
    sentences = {node.name: describe_layer(node) for node in read_graph(branched)}
    assert sentences["upper"] == "Turns 6×6×4 into 12×12×4."
    assert "scaling and left" in sentences["both"]
    assert "the channels of both and left" in sentences["joined"]


def test_a_convolution_of_another_use_is_not_described_as_a_usual_one(keras):
    layers = [keras.Input((9, 9, 1)), keras.layers.Conv2D(2, 3, dilation_rate=2)]
    assert describe_layer(read_graph(keras.Sequential(layers))[1]) == (
        "Turns 9×9×1 into 5×5×2, with 20 weights."
    )
