"""Types of libraries that are too heavy to import for a signature.

Kedro reads the signatures of nodes at run time to build their parameters, so the names must
exist then; type checkers see the real ones.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras import Model as KerasModel
    from matplotlib.figure import Figure as ImageFigure
    from pandas import DataFrame, Series
    from plotly.graph_objects import Figure as PlotlyFigure
else:
    DataFrame = ImageFigure = KerasModel = PlotlyFigure = Series = Any

__all__ = ["DataFrame", "ImageFigure", "KerasModel", "PlotlyFigure", "Series"]
