"""Entries of a list of layers that stand for several: a residual, and a pretrained network."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from onion_pipeline.errors import suggest
from onion_pipeline.model.backbones.networks import NETWORKS, SMALLEST_SIDE, Network
from onion_pipeline.model.layers import (
    KINDS,
    SPATIAL_RANK,
    AveragePooling2D,
    Conv2D,
    Dense,
    Layer,
    Shape,
    ShapeError,
)


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
