"""All parameters of a run, checked as a whole before anything is read or written."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from onion_pipeline.augmentation.policy import make_policy
from onion_pipeline.errors import ConfigurationError, suggest
from onion_pipeline.model.architecture import find_backbone, read_layers, walk_layers
from onion_pipeline.model.backbones import weights
from onion_pipeline.model.composites import Backbone
from onion_pipeline.parameters import ImageSize, Parameters
from onion_pipeline.storage.disk import show_bytes
from onion_pipeline.training.phases import choose_phases

logger = logging.getLogger(__name__)

# Whether the layers fit depends on neither of these.
ANY_CHANNELS, ANY_CLASSES = 3, 2


def check_parameters(raw: Mapping[str, Any]) -> None:
    """Check the merged parameter files and ``--params``.

    The transforms are looked up, which takes a second, only if something else is wrong;
    :func:`check_transforms` looks them up before a run.

    Raises:
        ConfigurationError: lists all mistakes, each with the nearest valid name or the limit.
    """
    mistakes = [*_find_invalid_values(raw), *_find_layer_mistakes(raw)]
    if mistakes:
        _refuse([*mistakes, *_find_transform_mistakes(raw)])


def check_transforms(raw: Mapping[str, Any]) -> None:
    """Check the declared augmentations against albumentations.

    Raises:
        ConfigurationError: lists all unknown transforms and arguments.
    """
    _refuse(_find_transform_mistakes(raw))


def check_weights(raw: Mapping[str, Any]) -> None:
    """Check that the weights of a pretrained network are there, or say that they are downloaded.

    Raises:
        WeightsError: they are missing, damaged or of another format.
    """
    backbone = find_backbone(read_layers(raw["build"]["layers"]))
    if backbone is None:
        return
    network, given = backbone.network, backbone.weights
    weights.check_weights(network, given)
    if missing := weights.find_download(network, given):
        logger.info(
            "The weights of %s (some %s) are not in %s yet: Keras downloads them when the network "
            "is built",
            *(network.name, show_bytes(weights.estimate_download(network)), missing.parent),
        )


def _refuse(mistakes: Sequence[str]) -> None:
    if mistakes:
        many = "A mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        listing = "\n".join(f"  - {mistake}" for mistake in mistakes)
        raise ConfigurationError(
            f"{many} in the parameters (conf/<environment>/parameters*.yml, --params):\n{listing}"
        )


def _find_invalid_values(raw: Mapping[str, Any]) -> list[str]:
    try:
        Parameters.model_validate(raw)
    except ValidationError as error:
        return [_describe(detail) for detail in error.errors()]
    return []


def _find_layer_mistakes(raw: Mapping[str, Any]) -> list[str]:
    try:
        layers = read_layers(_read_list(raw, "build", "layers"))
        size = TypeAdapter(ImageSize).validate_python(_dig(raw, "ingest", "image_size"))
        if layers and size != "auto":
            walk_layers(layers, (*size, ANY_CHANNELS), ANY_CLASSES)
    except ConfigurationError as error:
        return str(error).splitlines()
    except ValidationError:
        return []  # of the size; told as a mistake of its own
    return _find_phase_mistakes(raw, find_backbone(layers))


def _find_phase_mistakes(raw: Mapping[str, Any], backbone: Backbone | None) -> list[str]:
    """Return why a network cannot have the phases that are asked for, if these exist."""
    wanted = _dig(raw, "train", "phases")
    if not isinstance(wanted, list):
        return []
    try:
        choose_phases(backbone, wanted)
    except ConfigurationError as error:
        return [str(error)]
    return []


def _find_transform_mistakes(raw: Mapping[str, Any]) -> list[str]:
    try:
        make_policy(_read_list(raw, "augment", "transforms"))
    except ConfigurationError as error:
        return str(error).splitlines()
    return []


def _read_list(raw: Mapping[str, Any], group: str, name: str) -> list[Any]:
    """Return a list of the parameters, or an empty one if it is none: another check says so."""
    found = _dig(raw, group, name)
    return found if isinstance(found, list) else []


def _dig(raw: Mapping[str, Any], group: str, name: str) -> Any:
    found = raw.get(group)
    return found.get(name) if isinstance(found, Mapping) else None


def _describe(detail: Any) -> str:
    location, value = detail["loc"], detail["input"]
    path = ".".join(str(part) for part in location)
    match detail["type"]:
        case "extra_forbidden":
            return f"{path}: {suggest(str(location[-1]), _list_keys(location[:-1]))}"
        case "missing":
            return f"{path} is missing."
        case "string_type" if value is None:
            return f"{path} is empty; it must be a text."
        case "string_type":  # YAML takes 2024_05 and yes for something else
            return (
                f"{path} is {value!r}, which YAML does not take for a text "
                f"({type(value).__name__}); put it in quotes in the file, as '2024_05'."
            )
    message = detail["msg"].removeprefix("Value error, ")
    return f"{path} is {value!r}: {message[0].lower()}{message[1:]}."


def _list_keys(location: Sequence[str]) -> set[str]:
    """Return the keys that the parameter group at `location` may have."""
    from onion_pipeline.runtime_parameters import find_fields

    prefix = "".join(f"{part}." for part in location)
    names = (name for name, _ in find_fields(Parameters) if name.startswith(prefix))
    return {name.removeprefix(prefix).partition(".")[0] for name in names}
