"""``JSONDataset`` is that of kedro-datasets, with files that are whole and checked."""

from kedro_datasets.json import JSONDataset as Unsealed

from onion_pipeline.datasets.sealed import SealedFile


class JSONDataset(SealedFile, Unsealed):
    """``JSONDataset`` saves plain values as a JSON file, and checks it before it is read.

    It appears whole or not at all. The arguments are those of
    ``kedro_datasets.json.JSONDataset``; the file is a local one.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        metrics:
          type: onion_pipeline.datasets.json_dataset.JSONDataset
          filepath: data/08_reporting/metrics.json
        ```
    """
