"""What must be known of a model beside its weights to answer for a picture."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from onion_pipeline.images.decoding.decoder import Rendering


class ServingConfig(NamedTuple):
    """The part of a registered model that is not in its weights.

    Args:
        class_names: the label of each class id.
        image_shape: height, width and channels that the model takes.
        rendering: how pictures became pixels of that size in training.
        operating_point: as the catalog has it: below which ``confidence_threshold`` an answer is
            withheld, if it is one, and from which probability on, ``set_threshold``, a label is
            in the prediction set; ``None``: always answer, and form no sets.
    """

    class_names: Sequence[str]
    image_shape: tuple[int, int, int]
    rendering: Rendering
    operating_point: Mapping[str, Any] | None = None

    def as_dictionary(self) -> dict[str, Any]:
        """Return the configuration as JSON has it."""
        return {**self._asdict(), "rendering": self.rendering._asdict()}

    @classmethod
    def from_dictionary(cls, found: Mapping[str, Any]) -> Self:
        """Return the configuration that :meth:`as_dictionary` gave."""
        shape, rendering = tuple(found["image_shape"]), Rendering(**found["rendering"])
        return cls(found["class_names"], shape, rendering, found["operating_point"])
