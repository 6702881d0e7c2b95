"""The layers that a parameter file may list, with the arithmetic of each.

Every layer knows, from the shape that arrives, the shape that leaves, how many parameters it
trains and how many multiply-adds it costs for one picture; so a list of layers is checked
without TensorFlow and before anything is allocated.
"""

from math import prod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt

Shape = tuple[int, ...]
ActivationName = Literal[
    "linear", "relu", "leaky_relu", "elu", "gelu", "silu", "selu", "tanh", "sigmoid"
]
Padding = Literal["valid", "same"]
SPATIAL_RANK = 3  # height, width and channels


def _make_pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


Pair = Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(_make_pair)]
"""Height and width; one number stands for both."""


class ShapeError(ValueError):
    """A layer cannot take the shape that arrives; says why and what to do."""


class Layer(BaseModel):
    """One layer with its arguments, named and defaulted as in Keras.

    Windows have defaults where Keras asks for one: 3x3 to scan, 2x2 to average.

    Subclasses are called like their Keras classes, and override the arithmetic where it is not
    the default: a layer that changes no shape, trains nothing and multiplies nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    is_spatial: ClassVar[bool] = False

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves when `shape` (without the batch) arrives.

        Raises:
            ShapeError: the layer cannot take `shape`.
        """
        if self.is_spatial and len(shape) != SPATIAL_RANK:
            raise ShapeError(
                "it needs height, width and channels, but the picture is already lined up; "
                "move it before 'flatten' or global pooling"
            )
        return self._leave(shape)

    def count_parameters(self, shape: Shape) -> int:
        """Return the number of weights, trained or (in batch normalisation) counted along."""
        return 0

    def count_trainable(self, shape: Shape) -> int | None:
        """Return how many of the weights are trained; None where only the built layer tells."""
        return self.count_parameters(shape)

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return multiply-adds for one picture; additions, maxima and activations cost none."""
        return 0

    def _leave(self, shape: Shape) -> Shape:
        return shape


class _Window(Layer):
    """What convolution and pooling share: a window that slides over height and width."""

    is_spatial: ClassVar[bool] = True

    def _slide(self, shape: Shape, window: Pair, strides: Pair, padding: Padding) -> Shape:
        sides = shape[:2]
        if padding == "valid":
            if any(width > side for width, side in zip(window, sides, strict=True)):
                raise ShapeError(
                    f"its window of {window[0]}x{window[1]} is larger than the {sides[0]}x"
                    f"{sides[1]} that is left; remove a pooling layer or a convolution before "
                    "it, set padding: same, or use larger images (ingest.image_size)"
                )
            sides = tuple(side - width + 1 for side, width in zip(sides, window, strict=True))
        return tuple(-(-side // step) for side, step in zip(sides, strides, strict=True))


class Conv2D(_Window):
    """Scans the picture with small windows of weights, one per filter."""

    filters: PositiveInt
    kernel_size: Pair = (3, 3)
    strides: Pair = (1, 1)
    padding: Padding = "valid"
    activation: ActivationName = "linear"
    use_bias: bool = True

    def _leave(self, shape: Shape) -> Shape:
        return (*self._slide(shape, self.kernel_size, self.strides, self.padding), self.filters)

    def count_parameters(self, shape: Shape) -> int:
        """Return ``kh * kw * channels * filters`` and one bias per filter."""
        return prod(self.kernel_size) * shape[2] * self.filters + self.use_bias * self.filters

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return ``kh * kw * channels`` for each number that leaves."""
        return prod(self.output_shape(shape)) * prod(self.kernel_size) * shape[2]


class SeparableConv2D(Conv2D):
    """Scans each channel on its own, then mixes the channels: a cheaper convolution."""

    depth_multiplier: PositiveInt = 1

    def count_parameters(self, shape: Shape) -> int:
        """Return the windows per channel, the mixing weights and one bias per filter."""
        depth = shape[2] * self.depth_multiplier
        bias = self.use_bias * self.filters
        return prod(self.kernel_size) * depth + depth * self.filters + bias

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return both steps: ``positions * depth * (kh * kw + filters)``."""
        positions = prod(self.output_shape(shape)[:2])
        depth = shape[2] * self.depth_multiplier
        return positions * depth * (prod(self.kernel_size) + self.filters)


class MaxPooling2D(_Window):
    """Shrinks the picture by keeping the largest number of each window."""

    pool_size: Pair = (2, 2)
    strides: Pair | None = None
    padding: Padding = "valid"

    def _leave(self, shape: Shape) -> Shape:
        strides = self.strides or self.pool_size
        return (*self._slide(shape, self.pool_size, strides, self.padding), shape[2])


class AveragePooling2D(MaxPooling2D):
    """Shrinks the picture by taking the mean of each window."""


class GlobalAveragePooling2D(Layer):
    """Keeps one number per channel: its mean over the picture."""

    is_spatial: ClassVar[bool] = True

    def _leave(self, shape: Shape) -> Shape:
        return shape[2:]


class GlobalMaxPooling2D(GlobalAveragePooling2D):
    """Keeps one number per channel: its maximum over the picture."""


class Flatten(Layer):
    """Lines up height, width and channels in one row of numbers."""

    def _leave(self, shape: Shape) -> Shape:
        return (prod(shape),)


class Dense(Layer):
    """Weighs every number that arrives, once for each unit."""

    units: PositiveInt
    activation: ActivationName = "linear"
    use_bias: bool = True

    def _leave(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ShapeError(
                "it weighs one row of numbers, but a picture arrives; put 'flatten' or "
                "'global_average_pooling2d' before it"
            )
        return (self.units,)

    def count_parameters(self, shape: Shape) -> int:
        """Return ``numbers * units`` and one bias per unit."""
        return shape[0] * self.units + self.use_bias * self.units

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return ``numbers * units``."""
        return shape[0] * self.units


class Dropout(Layer):
    """In training, zeroes a share of the numbers at random, so that none is relied upon."""

    rate: Annotated[float, Field(ge=0, lt=1)]


class SpatialDropout2D(Dropout):
    """In training, zeroes a share of whole channels."""

    is_spatial: ClassVar[bool] = True


class LayerNormalization(Layer):
    """Keeps the channels at each position centred and scaled."""

    weights_per_channel: ClassVar[int] = 2  # scale and shift
    epsilon: Annotated[float, Field(gt=0)] = 1e-3

    def count_parameters(self, shape: Shape) -> int:
        """Return a few of each channel."""
        return self.weights_per_channel * shape[-1]

    def count_multiply_adds(self, shape: Shape) -> int:
        """Return one scaling for each number."""
        return prod(shape)


class BatchNormalization(LayerNormalization):
    """Keeps the numbers of each channel centred and scaled over the batch."""

    weights_per_channel: ClassVar[int] = 4  # running mean and running variance too
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.99

    def count_trainable(self, shape: Shape) -> int:
        """Return scale and shift, not what runs along."""
        return self.count_parameters(shape) // 2


class Activation(Layer):
    """Applies a function to every number, such as ``relu``: negative ones become zero."""

    activation: ActivationName


KINDS: dict[str, type[Layer]] = {
    "conv2d": Conv2D,
    "separable_conv2d": SeparableConv2D,
    "max_pooling2d": MaxPooling2D,
    "average_pooling2d": AveragePooling2D,
    "global_average_pooling2d": GlobalAveragePooling2D,
    "global_max_pooling2d": GlobalMaxPooling2D,
    "flatten": Flatten,
    "dense": Dense,
    "dropout": Dropout,
    "spatial_dropout2d": SpatialDropout2D,
    "batch_normalization": BatchNormalization,
    "layer_normalization": LayerNormalization,
    "activation": Activation,
}
"""The names that a parameter file may use, as Keras itself names layers of these kinds."""
