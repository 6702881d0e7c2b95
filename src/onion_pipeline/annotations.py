"""Types of arrays, of libraries that are too heavy to import for a signature, and of parameters.

Kedro reads the signatures of nodes at run time to build their parameters, so the names must
exist then; type checkers see the real ones. The choices are here and not beside the parameters,
since worker processes need them and not Pydantic.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from keras import Model as KerasModel
    from matplotlib.figure import Figure as ImageFigure
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun
    from pandas import DataFrame, Series
    from plotly.graph_objects import Figure as PlotlyFigure
else:
    DataFrame = ImageFigure = KerasModel = PlotlyFigure = Series = Any
    MlflowClient = MlflowRun = Any

Ids = NDArray[np.int64]  # of classes, in [0, K)
Pixels = NDArray[np.uint8]  # of one picture, (H, W, C), or of many
Probabilities = NDArray[np.floating[Any]]  # of one class, (N,), or of all, (N, K)

Animation = Literal["refuse", "first_frame"]
ClassFrequencies = Literal["training", "uniform"]
ColorMode = Literal["auto", "grayscale", "rgb"]
Phase = Literal["probe", "fine_tuning"]
Precision = Literal["auto", "float32", "mixed_bfloat16"]
Resize = Literal["stretch", "crop", "pad"]
