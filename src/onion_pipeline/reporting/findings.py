"""What runs have found out about a model; :mod:`.facts` has words for it."""

from dataclasses import dataclass, field
from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.model.layers import Backbone


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What runs have found out about a model; what is ``None`` is not spoken of.

    Args:
        model_name: under which it is registered.
        class_names: the label of each class id.
        image_shape: height, width and channels that it takes.
        resize: how pictures of other proportions get there: ``stretch``, ``crop`` or ``pad``.
        confidence_level: of all intervals, for example 0.95.
        backbone: the pretrained network that the model begins with; ``None`` is none.
        words: what the user has to say: ``intended_use``, ``limits``, ``contact``.

    The others are entries of the catalog, as the pipelines leave them.
    """

    model_name: str
    class_names: list[str]
    image_shape: tuple[int, int, int]
    resize: str
    confidence_level: float
    metrics: dict[str, Any]
    words: dict[str, str | None] = field(default_factory=dict)
    backbone: Backbone | None = None
    data_report: dict[str, Any] | None = None
    architecture_table: DataFrame | None = None
    training_history: DataFrame | None = None
    augmentation_policy: list[dict[str, Any]] | None = None
    class_report: DataFrame | None = None
    test_predictions: DataFrame | None = None
    calibration: dict[str, Any] | None = None
    operating_point: dict[str, Any] | None = None
    baselines: DataFrame | None = None
    slices: DataFrame | None = None
    robustness: DataFrame | None = None
    promotion: dict[str, Any] | None = None
    model_lineage: dict[str, Any] | None = None
    parity_report: dict[str, Any] | None = None
