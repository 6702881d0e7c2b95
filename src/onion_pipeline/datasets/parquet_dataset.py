"""``ParquetDataset`` is that of kedro-datasets, with files that are whole and checked."""

from kedro_datasets.pandas import ParquetDataset as Unsealed

from onion_pipeline.datasets.sealed import SealedFile


class ParquetDataset(SealedFile, Unsealed):
    """``ParquetDataset`` saves a table as a Parquet file, and checks it before it is read.

    It appears whole or not at all. The arguments are those of
    ``kedro_datasets.pandas.ParquetDataset``; the file is a local one.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        image_index:
          type: onion_pipeline.datasets.parquet_dataset.ParquetDataset
          filepath: data/02_intermediate/image_index.parquet
        ```
    """
