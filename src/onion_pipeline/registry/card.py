"""What must be known of a model beside its weights to classify a picture."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from onion_pipeline.images.decoding import Rendering


class ModelCard(NamedTuple):
    """The part of a registered model that is not in its weights.

    Args:
        class_names: the label of each class id.
        image_shape: height, width and channels that the model takes.
        rendering: how pictures became pixels of that size in training.
    """

    class_names: Sequence[str]
    image_shape: tuple[int, int, int]
    rendering: Rendering

    def as_dictionary(self) -> dict[str, Any]:
        """Return the card as JSON has it."""
        return {**self._asdict(), "rendering": self.rendering._asdict()}

    def write(self, path: Path) -> None:
        """Write the card as JSON."""
        path.write_text(json.dumps(self.as_dictionary(), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the card that :meth:`write` wrote."""
        card = json.loads(path.read_text(encoding="utf-8"))
        shape = tuple(card["image_shape"])
        return cls(card["class_names"], shape, Rendering(**card["rendering"]))
