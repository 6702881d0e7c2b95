"""``MatplotlibDataset`` is that of kedro-datasets, with files that are whole and checked."""

from kedro_datasets.matplotlib import MatplotlibDataset as Unsealed

from onion_pipeline.datasets.sealed import SealedFile


class MatplotlibDataset(SealedFile, Unsealed):
    """``MatplotlibDataset`` saves a Matplotlib figure, and checks it before it is read.

    It appears whole or not at all. The arguments are those of
    ``kedro_datasets.matplotlib.MatplotlibDataset``; the file is a local one.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        worst_mistakes:
          type: onion_pipeline.datasets.matplotlib_dataset.MatplotlibDataset
          filepath: data/08_reporting/worst_mistakes.png
        ```
    """
