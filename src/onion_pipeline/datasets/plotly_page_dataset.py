"""``PlotlyPageDataset`` saves Plotly figures as pages that open offline with a double click."""

import json
import re
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import PlotlyPreview

from onion_pipeline.annotations import PlotlyFigure
from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.storage.files import check_seal, write_sealed

MARK = '<script type="application/json" id="figure">'
FIGURE = re.compile(re.escape(MARK) + "(.*?)</script>", re.DOTALL)


class PlotlyPageDataset(Sealed, AbstractDataset[PlotlyFigure, PlotlyFigure]):
    """``PlotlyPageDataset`` saves a Plotly figure as one HTML file and loads it back.

    Differs from ``kedro_datasets.plotly.JSONDataset`` in that people can open the file, and
    from ``HTMLDataset`` in that it can be loaded and previewed in Kedro-Viz. The page holds
    Plotly itself, so that it needs no network.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        confusion_matrix:
          type: onion_pipeline.datasets.plotly_page_dataset.PlotlyPageDataset
          filepath: data/08_reporting/confusion_matrix.html
        ```

        Using the [Python API](https://docs.kedro.org/en/stable/catalog-data/advanced_data_catalog_usage/):

        >>> from plotly.graph_objects import Figure
        >>> path = getfixture("tmp_path") / "figure.html"
        >>> dataset = PlotlyPageDataset(filepath=str(path))
        >>> dataset.save(Figure().update_layout(title="Curves"))
        >>> dataset.load().layout.title.text
        'Curves'

    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Creates a new instance of ``PlotlyPageDataset``.

        Args:
            filepath: Path of an ``.html`` file on a local disk.
            metadata: Any arbitrary metadata. This is ignored by Kedro, but may be consumed by
                users or external plugins.
        """
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> PlotlyFigure:
        """Return the figure that the page shows."""
        from plotly.graph_objects import Figure

        return Figure(self._read())

    def save(self, data: PlotlyFigure) -> None:
        """Write the page to a temporary file and rename it."""
        page = data.to_html(include_plotlyjs=True, div_id="plot")
        figure = data.to_json().replace("</", "<\\/")
        with write_sealed(self._filepath) as path:
            path.write_text(
                page.replace("</body>", f"{MARK}{figure}</script></body>"), encoding="utf-8"
            )

    def preview(self) -> PlotlyPreview:
        """Return the figure as the JSON that Kedro-Viz draws."""
        return PlotlyPreview(self._read())

    def _read(self) -> dict[str, Any]:
        check_seal(self._filepath)
        found = FIGURE.findall(self._filepath.read_text(encoding="utf-8"))
        return json.loads(found[-1])

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
