"""The layers that networks of others have and that no parameter file lists, with their arithmetic.

Some are kinds of their own, others are kinds of :mod:`~onion_pipeline.model.layers` with an
argument that no parameter file can give.
"""

from math import prod
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from onion_pipeline.model.layers import (
    ActivationName,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePooling2D,
    Layer,
    Shape,
)

OtherActivation = ActivationName | Literal["relu6", "hard_silu", "hard_sigmoid"]
Ends = tuple[NonNegativeInt, NonNegativeInt]
BILINEAR = 4  # numbers that each number of an enlarged picture is a mean of


class ReLU(Layer):
    """Cuts every number off below, and perhaps above: at 6 in ReLU6."""

    max_value: float | None
    negative_slope: float
    threshold: float


class OtherActivationLayer(Layer):
    """Applies a function that no parameter file names."""

    activation: OtherActivation


class GroupedConv2D(Conv2D):
    """Scans groups of channels apart from each other; as many groups as channels: each alone."""

    activation: OtherActivation = "linear"  # type: ignore[assignment]
    groups: PositiveInt

    def count_parameters(self, shape: Shape) -> int:
        """Return windows through the channels of one group, and one bias per filter."""
        return self._weigh(shape) * self.filters + self.use_bias * self.filters

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return one window for each number that leaves."""
        return prod(self.output_shape(shape)) * self._weigh(shape)

    def _weigh(self, shape: Shape) -> int:
        return prod(self.kernel_size) * shape[2] // self.groups


class DepthwiseConv2D(Conv2D):
    """Scans each channel on its own, and does not mix them."""

    filters: PositiveInt = 1  # of each channel: it has no such argument
    activation: OtherActivation = "linear"  # type: ignore[assignment]
    depth_multiplier: PositiveInt

    def count_parameters(self, shape: Shape) -> int:
        """Return one window, and perhaps one bias, for each channel that leaves."""
        return (prod(self.kernel_size) + self.use_bias) * shape[2] * self.depth_multiplier

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return one window for each number that leaves."""
        return prod(self.output_shape(shape)) * prod(self.kernel_size)

    def _leave(self, shape: Shape) -> Shape:
        return (*super()._leave(shape)[:2], shape[2] * self.depth_multiplier)


class ZeroPadding2D(Layer):
    """Puts rows and columns of zeros around a picture."""

    padding: tuple[Ends, Ends]

    def _leave(self, shape: Shape) -> Shape:
        sides = zip(shape[:2], self.padding, strict=True)
        return (*(side + sum(ends) for side, ends in sides), shape[2])


class Resizing(Layer):
    """Makes the picture larger or smaller."""

    height: PositiveInt
    width: PositiveInt
    interpolation: Literal["bilinear", "nearest"]
    antialias: Literal[False]
    crop_to_aspect_ratio: Literal[False]
    pad_to_aspect_ratio: Literal[False]

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return four for each number that leaves, which is a mean of so many; or none."""
        return prod(self._leave(shape)) * BILINEAR * (self.interpolation == "bilinear")

    def _leave(self, shape: Shape) -> Shape:
        return self.height, self.width, shape[2]


class KeptPooling2D(GlobalAveragePooling2D):
    """Keeps one number per channel, as a picture of one place."""

    keepdims: Literal[True]

    def _leave(self, shape: Shape) -> Shape:
        return 1, 1, shape[2]


class DenseAtPlaces(Dense):
    """Weighs the channels of each place with the same weights: a convolution of 1x1."""

    activation: OtherActivation = "linear"  # type: ignore[assignment]

    def count_parameters(self, shape: Shape) -> int:
        """Return the same as for one row of numbers, that of the channels."""
        return super().count_parameters(shape[-1:])

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return ``channels * units`` for each place."""
        return prod(shape) * self.units

    def _leave(self, shape: Shape) -> Shape:
        return *shape[:-1], self.units


class Reshape(Layer):
    """Lays the numbers out in another shape."""

    target_shape: tuple[int, ...]

    def _leave(self, shape: Shape) -> Shape:
        known = prod(side for side in self.target_shape if side > 0)
        return tuple(side if side > 0 else prod(shape) // known for side in self.target_shape)


class LayerScale(Layer):
    """Multiplies each channel by a number of its own."""

    projection_dim: PositiveInt

    def count_parameters(self, shape: Shape) -> int:
        """Return one for each channel."""
        return self.projection_dim

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return one for each number."""
        return prod(shape)


class StochasticDepth(Dropout):
    """In training, leaves all numbers of a branch out, for a share of the pictures."""

    noise_shape: tuple[None, Literal[1], Literal[1], Literal[1]]


class PartialNormalization(Layer):
    """What normalisations without a learned scale or shift share; along the channels."""

    scale: bool
    center: bool
    epsilon: Annotated[float, Field(gt=0)]

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return one scaling for each number."""
        return prod(shape)


class PartialBatchNormalization(PartialNormalization):
    """Batch normalisation with or without a learned scale or shift."""

    def count_parameters(self, shape: Shape) -> int:
        """Return those, and the running mean and variance, of each channel."""
        return (2 + self.scale + self.center) * shape[-1]


class PartialLayerNormalization(PartialNormalization):
    """Layer normalisation with or without a learned scale or shift."""

    def count_parameters(self, shape: Shape) -> int:
        """Return those of each channel."""
        return (self.scale + self.center) * shape[-1]


OTHER_KINDS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "activation": OtherActivationLayer,
    "conv2d": GroupedConv2D,
    "depthwise_conv2d": DepthwiseConv2D,
    "zero_padding2d": ZeroPadding2D,
    "resizing": Resizing,
    "global_average_pooling2d": KeptPooling2D,
    "global_max_pooling2d": KeptPooling2D,
    "dense": DenseAtPlaces,
    "reshape": Reshape,
    "layer_scale": LayerScale,
    "dropout": StochasticDepth,
    "batch_normalization": PartialBatchNormalization,
    "layer_normalization": PartialLayerNormalization,
}
"""Named as Keras itself names layers of these kinds."""
