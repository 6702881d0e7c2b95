"""Parameters as short texts on one level, as a table of runs shows them."""

from collections.abc import Iterator, Mapping
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
    return ", ".join(call for entry in value for call in _write_calls(entry))


def _write_calls(entry: Any) -> Iterator[str]:
    for name, arguments in entry.items() if isinstance(entry, Mapping) else [(entry, None)]:
        if not isinstance(arguments, Mapping):
            yield str(name)
        elif arguments.get("enabled", True):
            given = (f"{key}={value}" for key, value in arguments.items() if key != "enabled")
            yield f"{name}({', '.join(given)})"
