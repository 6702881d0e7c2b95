"""``TextDataset`` is that of kedro-datasets, with files that are whole and checked."""

from typing import Any, ClassVar

from kedro_datasets.text import TextDataset as Unsealed

from onion_pipeline.datasets.sealed import SealedFile


class TextDataset(SealedFile, Unsealed):
    """``TextDataset`` saves a text as a UTF-8 file, and checks it before it is read.

    It appears whole or not at all. The arguments are those of
    ``kedro_datasets.text.TextDataset``; the file is a local one.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        model_card:
          type: onion_pipeline.datasets.text_dataset.TextDataset
          filepath: data/08_reporting/model_card.md
        ```
    """

    # Elsewhere than on Linux, others are what a text is written in by default.
    DEFAULT_FS_ARGS: ClassVar[dict[str, Any]] = {
        "open_args_save": {"mode": "w", "encoding": "utf-8", "newline": "\n"},
        "open_args_load": {"mode": "r", "encoding": "utf-8"},
    }
