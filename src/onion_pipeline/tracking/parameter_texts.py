"""Parameters as short texts on one level, as a table of runs shows them."""

from collections.abc import Mapping
from typing import Any

from onion_pipeline.images.sources.names import hide_credentials

# MLflow refuses parameters that are longer.
LONGEST_PARAMETER = 6000


def flatten_parameters(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested parameters as one level of texts that MLflow takes, without credentials.

    Example:
        >>> layers = ["flatten", {"dense": {"units": 8}}]
        >>> flatten_parameters({"train": {"epochs": 3}, "build": {"layers": layers}})
        {'train.epochs': '3', 'build.layers': 'flatten, dense(units=8)'}
    """
    flat: dict[str, str] = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            flat |= flatten_parameters(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = hide_credentials(_write(value))[:LONGEST_PARAMETER]
    return flat


def _write(value: Any) -> str:
    """Return a list of layers or transforms as calls without those that are switched off."""
    if not (isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value)):
        return str(value)
    return ", ".join(_write_call(entry) for entry in value if _is_on(entry))


def _write_call(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return str(entry)
    return ", ".join(
        f"{name}({_write_arguments(arguments)})" if isinstance(arguments, Mapping) else str(name)
        for name, arguments in entry.items()
    )


def _write_arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items() if name != "enabled")


def _is_on(entry: Any) -> bool:
    settings = entry.values() if isinstance(entry, Mapping) else ()
    return all(each.get("enabled", True) for each in settings if isinstance(each, Mapping))
