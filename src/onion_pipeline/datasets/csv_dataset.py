"""``CSVDataset`` is that of kedro-datasets, with files that are whole and checked."""

from kedro_datasets.pandas import CSVDataset as Unsealed

from onion_pipeline.datasets.sealed import SealedFile


class CSVDataset(SealedFile, Unsealed):
    """``CSVDataset`` saves a table as a CSV file, and checks it before it is read.

    It appears whole or not at all. The arguments are those of
    ``kedro_datasets.pandas.CSVDataset``; the file is a local one.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        quarantine:
          type: onion_pipeline.datasets.csv_dataset.CSVDataset
          filepath: data/02_intermediate/quarantine.csv
        ```
    """
