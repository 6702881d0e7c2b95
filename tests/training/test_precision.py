import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.training import precision
from onion_pipeline.training.precision import (
    choose_precision,
    has_batch_statistics,
    multiplies_bfloat16,
)

FLAGS = "processor\t: 0\nmodel name\t: One\nflags\t\t: fpu sse2 {}\nbugs\t\t: \n"


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """A function that makes this machine's processor one with these instructions, and no GPU."""

    def make(flags):
        path = tmp_path / "cpuinfo"
        path.write_text(FLAGS.format(flags))
        monkeypatch.setattr(precision, "PROCESSOR", path)
        monkeypatch.setattr(precision, "list_gpus", list)

    return make


@pytest.fixture
def build(keras, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bfloat16", multiplies_bfloat16)

    def build(*layers):
        return build_model(read_layers([*layers, "flatten"]), (8, 8, 1), 3, seed=0)

    return build


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx2 amx_bf16", True), ("avx512_bf16", True), ("avx512f avx512_vnni", False), ("", False)],
)
def test_processors_with_bfloat16_are_known_by_their_flags(processor, flags, expected):
    processor(flags)
    assert multiplies_bfloat16() == expected


def test_a_system_without_a_list_of_flags_has_none(monkeypatch, tmp_path):
    monkeypatch.setattr(precision, "PROCESSOR", tmp_path / "missing")
    monkeypatch.setattr(precision, "list_gpus", list)
    assert not multiplies_bfloat16()


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ([{"compute_capability": (9, 0)}], True),
        ([{"compute_capability": (8, 0)}], True),
        ([{"compute_capability": (7, 5)}], False),
        ([{"compute_capability": (9, 0)}, {}], False),
    ],
)
def test_of_graphics_processors_it_is_those_with_such_tensor_cores(
    processor, monkeypatch, gpus, expected
):
    processor("amx_bf16")
    monkeypatch.setattr(precision, "list_gpus", lambda: gpus)
    assert multiplies_bfloat16() == expected


@pytest.mark.parametrize(
    ("flags", "layers", "expected"),
    [
        ("amx_bf16", [], "mixed_bfloat16"),
        ("", [], "float32"),
        ("amx_bf16", ["batch_normalization"], "float32"),
        ("amx_bf16", [{"separable_conv2d": {"filters": 2}}], "float32"),
        ("amx_bf16", [{"conv2d": {"filters": 2}}], "mixed_bfloat16"),
    ],
)
def test_auto_needs_hardware_no_batch_statistics_and_no_depthwise_convolution(
    processor, build, flags, layers, expected
):
    processor(flags)
    assert choose_precision("auto", build(*layers)) == expected


@pytest.mark.parametrize("wanted", ["float32", "mixed_bfloat16"])
def test_what_is_asked_for_is_taken(processor, build, wanted):
    processor("amx_bf16" if wanted == "float32" else "")
    assert choose_precision(wanted, build("batch_normalization")) == wanted


def make_nested(keras, *layers):
    """A network whose layers are in a network of its own, as a backbone's are."""
    backbone = keras.Sequential([keras.Input((8, 8, 1)), *layers], name="backbone")
    pixels = keras.Input((8, 8, 1), dtype="uint8")
    return keras.Model(pixels, keras.layers.Flatten()(backbone(pixels)))


@pytest.mark.parametrize(
    ("trainable", "statistics", "expected"),
    [(True, True, "float32"), (False, False, "mixed_bfloat16")],
)
def test_frozen_batch_normalisation_has_no_statistics_of_a_batch(  # noqa: PLR0913, PLR0917
    keras, processor, build, trainable, statistics, expected
):
    processor("amx_bf16")
    model = make_nested(keras, keras.layers.BatchNormalization())
    model.layers[-2].trainable = trainable
    assert has_batch_statistics(model) == statistics
    assert choose_precision("auto", model) == expected


@pytest.mark.parametrize(
    ("gpus", "expected"), [([], "float32"), ([{"compute_capability": (9, 0)}], "mixed_bfloat16")]
)
def test_depthwise_convolutions_are_slower_in_bfloat16_on_processors(  # noqa: PLR0913, PLR0917
    keras, processor, build, monkeypatch, gpus, expected
):
    processor("amx_bf16")
    monkeypatch.setattr(precision, "list_gpus", lambda: gpus)
    model = make_nested(keras, keras.layers.DepthwiseConv2D(3))
    assert choose_precision("auto", model) == expected
