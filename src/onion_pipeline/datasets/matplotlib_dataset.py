"""``MatplotlibDataset`` is one of the sealed files, but only who draws imports Matplotlib."""

from kedro_datasets.matplotlib import MatplotlibDataset as KedroMatplotlibDataset

from onion_pipeline.datasets.sealed import SealedFile


class MatplotlibDataset(SealedFile, KedroMatplotlibDataset):
    """``MatplotlibDataset`` keeps a Matplotlib figure as a picture.

    The arguments are those of ``kedro_datasets.matplotlib.MatplotlibDataset``; the file is a
    local one that appears whole or not at all, and is checked.
    """
