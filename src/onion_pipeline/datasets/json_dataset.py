"""``JSONDataset`` is that of kedro-datasets, with files that are whole and checked."""

import math
from typing import Any

from kedro_datasets.json import JSONDataset as Unsealed

from onion_pipeline.datasets.sealed import SealedFile


class JSONDataset(SealedFile, Unsealed):
    """``JSONDataset`` saves plain values as a JSON file, and checks it before it is read.

    It appears whole or not at all. A figure that has no value (NaN) or is infinite is ``null``,
    since JSON knows neither. The arguments are those of
    ``kedro_datasets.json.JSONDataset``; the file is a local one.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        metrics:
          type: onion_pipeline.datasets.json_dataset.JSONDataset
          filepath: data/08_reporting/metrics.json
        ```
    """

    def save(self, data: Any) -> None:
        """Write a temporary file with its seal, and rename both."""
        super().save(_write_nulls(data))


def _write_nulls(value: Any) -> Any:
    """Return plain values with ``None`` in place of each number that JSON has no word for."""
    if isinstance(value, dict):
        return {name: _write_nulls(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_write_nulls(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
