"""What must be known of a model beside its weights to answer for a picture."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from onion_pipeline.images.decoding.decoder import Rendering


class ServingConfig(NamedTuple):
    """The part of a registered model that is not in its weights.

    Args:
        class_names: the label of each class id.
        image_shape: height, width and channels that the model takes.
        rendering: how pictures became pixels of that size in training.
        operating_point: by what answers are withheld and prediction sets are formed, as the
            catalog's ``operating_point`` has it; ``None``: always answer, and form no sets.
    """

    class_names: Sequence[str]
    image_shape: tuple[int, int, int]
    rendering: Rendering
    operating_point: Mapping[str, Any] | None = None

    @property
    def confidence_threshold(self) -> float | None:
        """Below which confidence the model abstains; ``None``: it never does."""
        return (self.operating_point or {}).get("confidence_threshold")

    @property
    def set_threshold(self) -> float | None:
        """The least probability of a label in a prediction set; ``None``: no sets."""
        return (self.operating_point or {}).get("set_threshold")

    def as_dictionary(self) -> dict[str, Any]:
        """Return the configuration as JSON has it."""
        return {**self._asdict(), "rendering": self.rendering._asdict()}

    def write(self, path: Path) -> None:
        """Write the configuration as JSON."""
        path.write_text(json.dumps(self.as_dictionary(), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the configuration that :meth:`write` wrote."""
        return cls.from_dictionary(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def from_dictionary(cls, found: Mapping[str, Any]) -> Self:
        """Return the configuration that :meth:`as_dictionary` gave."""
        return cls(
            found["class_names"],
            tuple(found["image_shape"]),
            Rendering(**found["rendering"]),
            found["operating_point"],
        )
