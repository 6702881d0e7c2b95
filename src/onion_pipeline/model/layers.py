"""The layers that a parameter file may list, with the arithmetic of each.

Every layer knows, from the shape that arrives, the shape that leaves, how many parameters it
trains and how many multiply-adds it costs for one picture; so a list of layers is checked
without TensorFlow and before anything is allocated.
"""

from math import prod
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, model_validator

from onion_pipeline.errors import suggest
from onion_pipeline.model.backbones.networks import NETWORKS, SMALLEST_SIDE, Network

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


class Residual(Layer):
    """A way around a list of layers: what they make is added to what arrived.

    Args:
        layers: as those of the network; residuals among them too.
        projection: whether what arrived goes through weights of its own on the way around, which
            give it the shape that the layers make: a 1x1 convolution, of means where it has to
            shrink, or a dense layer where no picture arrives. Without them the layers must keep
            the shape.
    """

    layers: Annotated[list[Any], Field(min_length=1)]
    projection: bool = False

    def make_projection(self, arriving: Shape, made: Shape) -> dict[str, Layer]:
        """Return the layers on the way around, by what their names begin with.

        Args:
            arriving: shape at the way's beginning.
            made: shape that the layers give.

        Raises:
            ShapeError: the two cannot be added, with a projection or without one.
        """
        if not self.projection:
            if arriving == made:
                return {}
            raise ShapeError(_describe_difference(arriving, made))
        if len(arriving) == len(made) == 1:
            return {"projection": Dense(units=made[0], use_bias=False)}
        steps = [-(-side // left) for side, left in zip(arriving[:-1], made[:-1], strict=False)]
        # A 1x1 convolution in steps would lose most numbers; some of few channels even crash
        # oneDNN (TensorFlow 2.21).
        shrinking = AveragePooling2D(pool_size=steps or 1, padding="same")
        if len(made) != SPATIAL_RANK or shrinking.output_shape(arriving)[:-1] != made[:-1]:
            raise ShapeError(
                f"its layers make {_name(made)} of it, which no projection can: it only takes "
                "means of 2x2, 3x3, ... places; use padding: same in its layers, and put "
                "flattening and global pooling after it"
            )
        scanning = Conv2D(filters=made[-1], kernel_size=1, use_bias=False)
        if steps == [1, 1]:
            return {"projection": scanning}
        return {"projection_pooling": shrinking, "projection": scanning}


class Backbone(Layer):
    """A pretrained network without its head: what it has learned on a million photographs.

    Args:
        name: one of :data:`~onion_pipeline.model.backbones.networks.NETWORKS`.
        weights: ``imagenet``, the path of a file, or ``None`` for random ones.
        trainable: which of its blocks are trained in fine-tuning; ``top`` are those from
            `from_block` on. Its batch normalisation is never trained.
        from_block: ``None`` is the first of the second half of the blocks.
        upscale: whether pictures with a side below 32 pixels are made larger in the model, or
            refused.
    """

    is_spatial: ClassVar[bool] = True

    name: str
    weights: str | None = "imagenet"
    trainable: Literal["all", "top", "none"] = "all"
    from_block: str | None = None
    upscale: bool = True

    @model_validator(mode="after")
    def _exist(self) -> Self:
        if self.name not in NETWORKS:
            raise ValueError(f"name {suggest(self.name, NETWORKS)}")
        blocks = self.network.list_blocks()
        if self.from_block is not None and self.from_block not in blocks:
            raise ValueError(f"from_block {suggest(self.from_block, blocks)}")
        if self.from_block is not None and self.trainable != "top":
            raise ValueError(f"from_block needs trainable: top, and trainable is {self.trainable}")
        return self

    @property
    def network(self) -> Network:
        """What is known of the network."""
        return NETWORKS[self.name]

    def list_trainable_blocks(self) -> list[str]:
        """Return the names of the blocks that fine-tuning trains."""
        blocks = self.network.list_blocks()
        if self.trainable == "top":
            start = blocks.index(self.from_block) if self.from_block else len(blocks) // 2
            return blocks[start:]
        return blocks if self.trainable == "all" else []

    def enlarge(self, shape: Shape) -> Shape:
        """Return the shape (H, W, C) of the pictures that it sees when those of `shape` arrive."""
        factor = max(1.0, SMALLEST_SIDE / min(shape[:2]))
        return (*(round(factor * side) for side in shape[:2]), shape[2])

    def count_parameters(self, shape: Shape) -> int:
        """Return the number of all its weights."""
        return self.network.parameters

    def count_trainable(self, shape: Shape) -> int | None:
        """Return none, or None: how many are trained, its blocks tell when they are built."""
        return 0 if self.trainable == "none" else None

    def _leave(self, shape: Shape) -> Shape:
        if shape[2] not in (1, 3):
            raise ShapeError(f"it takes pictures in gray or colour, not of {shape[2]} channels")
        if self.enlarge(shape) != shape and not self.upscale:
            raise ShapeError(
                f"{self.name} needs sides of at least {SMALLEST_SIDE} pixels; use larger images "
                f"(ingest.image_size; it was trained on {self.network.side}x{self.network.side}), "
                "or let it enlarge them (upscale: true)"
            )
        return self.network.output_shape(self.enlarge(shape))


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

LISTED: dict[str, type[Layer]] = {**KINDS, "residual": Residual, "backbone": Backbone}
"""All that a list of layers may have: Keras' layers, and what is made of several of them."""


def _describe_difference(arriving: Shape, made: Shape) -> str:
    differs = f"its layers make {_name(made)} of it, and only two of one shape can be added"
    if len(arriving) != len(made) or len(made) != SPATIAL_RANK:
        return f"{differs}; let them keep the shape"
    return (
        f"{differs}; set projection: true (a 1x1 convolution on the way around), or let its "
        "layers keep the shape (padding: same, no strides or pooling, as many filters as arrive)"
    )


def _name(shape: Shape) -> str:
    return "x".join(map(str, shape))
