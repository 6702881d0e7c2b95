"""EfficientNet-Lite: quick on processors, without squeeze-excitation, with ReLU6.

Source: Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020; the stages are those
of the builder of EfficientNet-Lite in https://github.com/tensorflow/tpu.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.model.backbones.networks import Network
from onion_pipeline.model.backend import import_keras

STEM, TOP = 32, 1280  # filters of the first convolution and of the last one
EPSILON = 1e-3
# kernel, stride, expansion and filters of each stage
STAGES = (
    (3, 1, 1, 16),
    (3, 2, 6, 24),
    (5, 2, 6, 40),
    (3, 2, 6, 80),
    (5, 1, 6, 112),
    (5, 2, 6, 192),
    (3, 1, 6, 320),
)
# How much wider than Lite0 the others are.
WIDTHS = {"efficientnet_lite0": 1.0, "efficientnet_lite1": 1.0, "efficientnet_lite2": 1.1}


class Block(NamedTuple):
    """An inverted residual: expansion, depthwise convolution and projection.

    Args:
        name: such as ``block2a``, as Keras names the blocks of other EfficientNets.
        expansion: how many times the channels that arrive are widened inside.
    """

    name: str
    kernel: int
    stride: int
    expansion: int
    filters: int


def list_blocks(network: Network) -> Iterator[Block]:
    """Yield the blocks between the first and the last convolution of a network of this family."""
    for stage, (kernel, stride, expansion, filters) in enumerate(STAGES):
        wide = _widen(filters, WIDTHS[network.name])
        for number in range(network.repeats[stage]):
            step = stride if number == 0 else 1
            yield Block(network.name_block(stage, number), kernel, step, expansion, wide)


def apply_blocks(network: Network, pixels: Any, prefix: str) -> Any:
    """Return what leaves the network for a symbolic tensor of scaled pixels, (N, H, W, 3).

    Layers are called by `prefix`, their block and what they do in it.
    """
    keras = import_keras()
    layers = keras.layers

    def convolve(tensor: Any, at: str, kind: Any, *arguments: int, relu: bool = True) -> Any:
        name = f"{prefix}_{at}"
        convolution = kind(*arguments, padding="same", use_bias=False, name=f"{name}_conv")
        normal = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")
        tensor = normal(convolution(tensor))
        return layers.ReLU(max_value=6.0, name=f"{name}_relu")(tensor) if relu else tensor

    tensor = convolve(pixels, "stem", layers.Conv2D, STEM, 3, 2)
    for block in list_blocks(network):
        arriving, channels = tensor, tensor.shape[-1]
        if block.expansion > 1:
            wide = channels * block.expansion
            tensor = convolve(tensor, f"{block.name}_expand", layers.Conv2D, wide, 1)
        depthwise = layers.DepthwiseConv2D, block.kernel, block.stride
        tensor = convolve(tensor, f"{block.name}_depthwise", *depthwise)
        tensor = convolve(
            tensor, f"{block.name}_project", layers.Conv2D, block.filters, 1, relu=False
        )
        if block.stride == 1 and channels == block.filters:
            tensor = layers.Add(name=f"{prefix}_{block.name}_add")([arriving, tensor])
    return convolve(tensor, "top", layers.Conv2D, TOP, 1)


def order_weights(tensors: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
    """Return the weights of such a network in the order and the layouts of Keras.

    Args:
        tensors: by the names that the package ``efficientnet-lite-pytorch`` gives them, in its
            order, which is that of :func:`apply_blocks`; those of the classes are left out.
    """
    return [
        _lay_out(name, tensor)
        for name, tensor in tensors.items()
        if not name.startswith("_fc.") and not name.endswith("num_batches_tracked")
    ]


def _lay_out(name: str, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    if tensor.ndim == 1:
        return tensor
    # PyTorch: filters, channels, height, width; a depthwise convolution has filters for channels.
    axes = (2, 3, 0, 1) if "_depthwise_conv" in name else (2, 3, 1, 0)
    return np.ascontiguousarray(tensor.transpose(axes))


def _widen(filters: int, width: float) -> int:
    """Return a number of filters, rounded to a multiple of 8 and down by at most a tenth."""
    wide = max(8, int(width * filters + 4) // 8 * 8)
    return wide + 8 if wide < 0.9 * width * filters else wide
