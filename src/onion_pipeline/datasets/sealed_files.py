"""Datasets of kedro-datasets, with files that appear whole or not at all and are checked.

The arguments are those of kedro-datasets; the file is a local one::

    metrics:
      type: onion_pipeline.datasets.JSONDataset
      filepath: data/08_reporting/metrics.json
"""

import json
import re
from typing import Any, ClassVar

from kedro_datasets import json as kedro_json
from kedro_datasets import pandas as kedro_pandas
from kedro_datasets import text as kedro_text
from kedro_datasets._typing import HTMLPreview, PlotlyPreview

from onion_pipeline.annotations import PlotlyFigure
from onion_pipeline.datasets.sealed import SealedFile

MARK = '<script type="application/json" id="figure">'
FIGURE = re.compile(re.escape(MARK) + "(.*?)</script>", re.DOTALL)


class CSVDataset(SealedFile, kedro_pandas.CSVDataset):
    """``CSVDataset`` keeps a table as a CSV file."""


class ParquetDataset(SealedFile, kedro_pandas.ParquetDataset):
    """``ParquetDataset`` keeps a table as a Parquet file."""


class JSONDataset(SealedFile, kedro_json.JSONDataset):
    """``JSONDataset`` keeps plain values as a JSON file.

    A figure that has no value (NaN) or is infinite is ``null``, since JSON knows neither.
    """

    def save(self, data: Any) -> None:
        """Write a temporary file with its seal, and rename both."""
        super().save(json.loads(json.dumps(data), parse_constant=lambda _: None))


class TextDataset(SealedFile, kedro_text.TextDataset):
    """``TextDataset`` keeps a text as a UTF-8 file, with the same bytes on every system."""

    DEFAULT_FS_ARGS: ClassVar[dict[str, Any]] = {
        "open_args_save": {"mode": "w", "encoding": "utf-8", "newline": "\n"},
        "open_args_load": {"mode": "r", "encoding": "utf-8"},
    }


class PageDataset(TextDataset):
    """``PageDataset`` keeps an HTML page that Kedro-Viz shows beside the graph."""

    def preview(self) -> HTMLPreview:
        """Return the page as Kedro-Viz shows it."""
        return HTMLPreview(self.load())


class PlotlyPageDataset(TextDataset):
    """``PlotlyPageDataset`` keeps a Plotly figure as a page that opens with a double click.

    Differs from ``kedro_datasets.plotly.JSONDataset`` in that people can open the file, and
    from ``HTMLDataset`` in that it can be loaded and previewed in Kedro-Viz. The page holds
    Plotly itself, so that it needs no network.
    """

    def load(self) -> PlotlyFigure:
        """Return the figure that the page shows."""
        from plotly.graph_objects import Figure

        return Figure(self._read())

    def save(self, data: PlotlyFigure) -> None:
        """Write a temporary file with its seal, and rename both."""
        page = data.to_html(include_plotlyjs=True, div_id="plot")
        figure = data.to_json().replace("</", "<\\/")
        super().save(page.replace("</body>", f"{MARK}{figure}</script></body>"))

    def preview(self) -> PlotlyPreview:
        """Return the figure as the JSON that Kedro-Viz draws."""
        return PlotlyPreview(self._read())

    def _read(self) -> dict[str, Any]:
        return json.loads(FIGURE.findall(super().load())[-1])
