"""Types of libraries that are too heavy to import for a signature, and choices of parameters.

Kedro reads the signatures of nodes at run time to build their parameters, so the names must
exist then; type checkers see the real ones. The choices are here and not beside the parameters,
since worker processes need them and not Pydantic.
"""

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from keras import Model as KerasModel
    from matplotlib.figure import Figure as ImageFigure
    from pandas import DataFrame, Series
    from plotly.graph_objects import Figure as PlotlyFigure
else:
    DataFrame = ImageFigure = KerasModel = PlotlyFigure = Series = Any

Animation = Literal["refuse", "first_frame"]
ColorMode = Literal["auto", "grayscale", "rgb"]
Precision = Literal["auto", "float32", "mixed_bfloat16"]
Resize = Literal["stretch", "crop", "pad"]
