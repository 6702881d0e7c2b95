"""The parameters of a run, as ``conf/base/parameters*.yml`` writes them.

Kedro builds these models from the type hints of the nodes; the descriptions of the values
stand beside them in the parameter files.
"""

import re
import sys
from collections.abc import Callable
from math import isclose
from typing import Annotated, Any, Literal, Self

from PIL import ImageColor
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from onion_pipeline.annotations import (
    Animation,
    ClassFrequencies,
    ColorMode,
    Phase,
    Precision,
    Resize,
)

Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=10)]
LARGEST_SIDE = 4096


def _accept(is_fine: Callable[[Any], Any], wanted: str) -> BeforeValidator:
    """Give one message in plain words for all that Pydantic would say of a value."""

    def check(value: Any) -> Any:
        why = ""
        try:
            if is_fine(value):
                return value
        except (AttributeError, TypeError, ValueError, re.error) as error:
            why = f" ({error})"
        raise ValueError(f"it must be {wanted}{why}")

    return BeforeValidator(check)


def _accept_number(word: str, numbers: range, wanted: str) -> BeforeValidator:
    def is_fine(value: Any) -> bool:
        return value == word or (type(value) is int and value in numbers)

    return _accept(is_fine, f"{word}, or {wanted}")


def _is_size(value: Any) -> bool:
    sides = value if isinstance(value, list | tuple) else ()
    fits = [type(side) is int and 0 < side <= LARGEST_SIDE for side in sides]
    return value == "auto" or fits == [True, True]


SIZE = f"auto, or height and width in pixels from 1 to {LARGEST_SIDE}, such as [96, 96]"
LEVEL = "1 (the first folder), 2, ... or -1 (the innermost), -2, ..."

ImageSize = Annotated[Literal["auto"] | tuple[PositiveInt, PositiveInt], _accept(_is_size, SIZE)]
Color = Annotated[str, _accept(ImageColor.getrgb, "a colour such as white, black or '#f0f0f0'")]
Expression = Annotated[str, _accept(re.compile, "a regular expression or null")]
FolderLevel = Annotated[int, _accept(lambda value: type(value) is int and value, LEVEL)]
Version = Annotated[
    Literal["previous"] | int,
    _accept_number("previous", range(1, sys.maxsize), "the number of a version such as 3"),
]
BitDepth = Annotated[
    Literal["auto"] | int, _accept_number("auto", range(8, 17), "a number of bits from 8 to 16")
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fractions(_Strict):
    """Shares of the three splits; they add up to 1."""

    train: Fraction
    validation: Fraction
    test: Fraction

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        total = sum(share for _, share in self)
        if not isclose(total, 1, abs_tol=1e-6):
            shares = ", ".join(f"{name} {share:g}" for name, share in self)
            raise ValueError(f"the fractions add up to {total:g} ({shares}); they must add up to 1")
        return self


class IngestParameters(_Strict):
    """How images are read and split (parameters_ingest.yml)."""

    label_level: FolderLevel
    group_by: Expression | None
    follow_links: bool
    image_size: ImageSize
    color_mode: ColorMode
    resize: Resize
    background: Color
    animation: Animation
    max_pixels: PositiveInt
    bit_depth: BitDepth
    max_quarantined: Share
    near_duplicates: Literal["together", "ignore"]
    split_method: Literal["exact", "stable"]
    fractions: Fractions
    folds: Annotated[int, Field(ge=2)] | None
    seed: NonNegativeInt = 42


class AugmentParameters(_Strict):
    """How many variants of each training image, and how they are made (parameters_augment.yml)."""

    copies: Annotated[int, Field(ge=0, le=100)]
    keep: bool
    transforms: list[Any]


class BuildParameters(_Strict):
    """The layers of the network (parameters_build.yml)."""

    layers: Annotated[list[Any], Field(min_length=1)]


class EarlyStopping(_Strict):
    """After how many epochs without a better validation loss training ends."""

    patience: PositiveInt
    min_delta: NonNegativeFloat = 0.0


class ProbeParameters(_Strict):
    """How the head of a pretrained network is fitted to its features."""

    copies: NonNegativeInt = 0
    epochs: PositiveInt = 40
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 0.003
    weight_decays: Annotated[list[NonNegativeFloat], Field(min_length=1)] = [0.1, 1, 3, 10]


class TrainParameters(_Strict):
    """How the network learns (parameters_train.yml)."""

    epochs: PositiveInt
    variants_per_epoch: PositiveInt | None
    batch_size: PositiveInt
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"]
    learning_rate: PositiveFloat
    schedule: Literal["constant", "cosine", "exponential", "one_cycle"]
    warmup_epochs: NonNegativeFloat
    weight_decay: NonNegativeFloat
    early_stopping: EarlyStopping | None
    class_weights: Literal["balanced"] | None
    precision: Precision
    checkpoint_minutes: PositiveFloat = 10
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    mixup: Strength = 0.0
    cutmix: Strength = 0.0
    ema: Fraction | None = None
    gradient_clipping: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    phases: Annotated[list[Phase], Field(min_length=1)] | None = None
    probe: ProbeParameters = ProbeParameters()
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    image_size: tuple[PositiveInt, PositiveInt] | None = None


class EvaluateParameters(_Strict):
    """How the test is reported (parameters_evaluate.yml)."""

    confidence_level: Fraction
    top_k: Annotated[int, Field(ge=2)]
    worst_mistakes: PositiveInt
    target_accuracy: Fraction | None
    target_coverage: Fraction | None
    set_coverage: Fraction
    corrupted_images: NonNegativeInt
    fewest_in_slice: PositiveInt
    test_time_variants: NonNegativeInt
    test_time_flip: bool = False
    class_frequencies: ClassFrequencies = "training"

    @model_validator(mode="after")
    def _aim_at_one(self) -> Self:
        if self.target_accuracy is not None and self.target_coverage is not None:
            raise ValueError(
                f"target_accuracy is {self.target_accuracy:g} and target_coverage "
                f"{self.target_coverage:g}; one threshold cannot meet both: set one of them to null"
            )
        return self


class ExplainParameters(_Strict):
    """Which pictures the onion report follows (parameters_explain.yml)."""

    images: str | None
    pictures: PositiveInt
    draws: PositiveInt


class AuditParameters(_Strict):
    """How labels that are probably wrong are found (parameters_audit.yml)."""

    folds: Annotated[int, Field(ge=3)]
    shown: PositiveInt


class RegisterParameters(_Strict):
    """Where the model is registered, and what makes it champion (parameters_register.yml)."""

    model_name: Annotated[str, Field(pattern=r"^[^/:]+$")]
    alias: Literal["auto", "champion", "challenger"]
    metric: Literal["accuracy", "macro_f1"]
    significance: Fraction
    tolerance: Share
    max_class_drop: Share


class PromoteParameters(_Strict):
    """Which version becomes champion by hand (parameters_promote.yml)."""

    version: Version


class CardParameters(_Strict):
    """What the user says in the model card (parameters_card.yml)."""

    intended_use: str | None
    limits: str | None
    contact: str | None


class PredictParameters(_Strict):
    """Which registered model classifies new images (parameters_predict.yml)."""

    model: str


class VerifyParameters(_Strict):
    """Which model version is made again (parameters_verify.yml)."""

    model: Annotated[str, Field(pattern=r"^models:/[^/@]+[/@][^/@]+$")]
    retrain: Literal["auto", "always"]


class Parameters(_Strict):
    """All parameters of a run."""

    images: Annotated[str, Field(min_length=1)]
    seed: NonNegativeInt
    ingest: IngestParameters
    augment: AugmentParameters
    build: BuildParameters
    train: TrainParameters
    evaluate: EvaluateParameters
    explain: ExplainParameters
    audit: AuditParameters
    card: CardParameters
    register_: RegisterParameters = Field(alias="register")
    promote: PromoteParameters
    predict: PredictParameters
    verify: VerifyParameters
