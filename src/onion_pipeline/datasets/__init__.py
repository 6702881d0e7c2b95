"""Kedro datasets of this project: the catalog names them as ``onion_pipeline.datasets.X``."""

import lazy_loader

# As kedro-datasets does it: what an entry needs is imported when the entry is used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checkpoints_dataset": ["CheckpointsDataset"],
        "image_array_dataset": ["ImageArrayDataset"],
        "image_source_dataset": ["ImageSourceDataset"],
        "keras_model_dataset": ["KerasModelDataset"],
        "matplotlib_dataset": ["MatplotlibDataset"],
        "sealed_files": [
            "CSVDataset",
            "JSONDataset",
            "PageDataset",
            "ParquetDataset",
            "PlotlyPageDataset",
            "TextDataset",
        ],
    },
)
