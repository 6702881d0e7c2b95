import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.training import precision
from onion_pipeline.training.precision import choose_precision, multiplies_bfloat16

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
    ],
)
def test_auto_needs_hardware_and_no_batch_normalisation(processor, build, flags, layers, expected):
    processor(flags)
    assert choose_precision("auto", build(*layers)) == expected


@pytest.mark.parametrize("wanted", ["float32", "mixed_bfloat16"])
def test_what_is_asked_for_is_taken(processor, build, wanted):
    processor("amx_bf16" if wanted == "float32" else "")
    assert choose_precision(wanted, build("batch_normalization")) == wanted
