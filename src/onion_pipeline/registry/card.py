"""What must be known of a model beside its weights to classify a picture."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from onion_pipeline.parameters import Resize


class ModelCard(NamedTuple):
    """The part of a registered model that is not in its weights.

    Args:
        class_names: the label of each class id.
        image_shape: height, width and channels that the model takes.
        resize: how pictures were brought to that size in training.
    """

    class_names: Sequence[str]
    image_shape: tuple[int, int, int]
    resize: Resize

    def write(self, path: Path) -> None:
        """Write the card as JSON."""
        path.write_text(json.dumps(self._asdict(), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the card that :meth:`write` wrote."""
        card = json.loads(path.read_text(encoding="utf-8"))
        return cls(card["class_names"], tuple(card["image_shape"]), card["resize"])
