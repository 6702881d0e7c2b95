"""The declared list of transforms, checked and turned into an albumentations pipeline."""

import inspect
import os
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict

from onion_pipeline.errors import TransformError, suggest

if TYPE_CHECKING:
    from onion_pipeline.augmentation.transform_chain import TransformChain

# A transform as parameter files write it: one name with its arguments.
Transform = Mapping[str, Mapping[str, Any] | None]


class Step(TypedDict):
    """One transform of a policy with its arguments."""

    name: str
    arguments: dict[str, Any]


def make_policy(transforms: Iterable[Transform]) -> list[Step]:
    """Return the transforms that are switched on, each checked against albumentations.

    Args:
        transforms: one-item mappings of an albumentations class name to its arguments;
            ``enabled: false`` among them switches a transform off.

    Raises:
        TransformError: an unknown transform or argument, or a value that albumentations
            refuses; names all of them, with the position and the nearest valid name.

    Example:
        >>> make_policy([{"HorizontalFlip": {"p": 0.5}}, {"Affine": {"enabled": False}}])
        [{'name': 'HorizontalFlip', 'arguments': {'p': 0.5}}]
    """
    steps, mistakes = [], []
    for position, transform in enumerate(transforms, start=1):
        try:
            name, arguments, enabled = _read_transform(transform)
            create_transform(name, arguments)
        except TransformError as error:
            mistakes.append(f"augment.transforms, number {position}: {error}")
            continue
        if enabled:
            steps.append(Step(name=name, arguments=arguments))
    if mistakes:
        raise TransformError("\n".join(mistakes))
    return steps


def compose(policy: Iterable[Step]) -> "TransformChain":
    """Return `policy` as a chain of transforms, which variants are made with."""
    from onion_pipeline.augmentation.transform_chain import TransformChain

    return TransformChain([create_transform(**step) for step in policy])


def create_transform(name: str, arguments: Mapping[str, Any]) -> Any:
    """Return a transform of albumentations.

    Raises:
        TransformError: an unknown name or argument, or a value that albumentations refuses.
    """
    known = list_transforms()
    if name not in known:
        raise TransformError(f"transform {suggest(str(name), known)}")
    allowed = set(inspect.signature(known[name].__init__).parameters) - {"self"}  # type: ignore[misc]
    for argument in arguments:
        if argument not in allowed:
            raise TransformError(f"argument of {name} {suggest(str(argument), allowed)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # albumentations only warns of values it drops
            return known[name](**arguments)
    except (ValueError, TypeError, UserWarning) as error:
        raise TransformError(f"{name} refuses its arguments: {_shorten(error)}") from error


@cache
def import_albumentations() -> Any:
    """Import albumentations, without its query for newer versions, on one OpenCV thread.

    Images go through it one by one, in several processes if there are many; OpenCV's own
    threads only get in the way (measured twice as slow on 28x28 pixels with two).
    """
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations
    import cv2

    cv2.setNumThreads(0)
    return albumentations


def list_transforms() -> dict[str, type]:
    """Return the transforms of pixels by name: albumentations' and those that are added to them."""
    library = import_albumentations()
    from onion_pipeline.augmentation.additions import ADDED

    base = (library.ImageOnlyTransform, library.DualTransform)
    found = {
        name: kind
        for name, kind in vars(library).items()
        if inspect.isclass(kind) and issubclass(kind, base) and kind not in base
    }
    return found | ADDED


def _read_transform(transform: Transform) -> tuple[str, dict[str, Any], bool]:
    if not isinstance(transform, Mapping) or len(transform) != 1:
        raise TransformError(
            f"expected one transform with its arguments, such as 'HorizontalFlip: {{p: 0.5}}', "
            f"found {transform!r}."
        )
    ((name, given),) = transform.items()
    if not isinstance(given, Mapping | None):
        raise TransformError(
            f"{name} is {given!r}; its arguments are named, such as '{name}: {{p: 0.5}}'."
        )
    arguments = dict(given or {})
    enabled = arguments.pop("enabled", True)
    if not isinstance(enabled, bool):
        raise TransformError(f"{name}.enabled is {enabled!r}; it must be true or false.")
    return name, arguments, enabled


def _shorten(error: Exception) -> str:
    """Return the useful lines of a Pydantic error: where, and what is wrong."""
    details = getattr(error.__cause__ or error, "errors", None)
    if details is None:
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}, found {detail['input']!r}"
        for detail in details()
    )
