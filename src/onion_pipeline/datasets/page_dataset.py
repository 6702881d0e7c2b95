"""``PageDataset`` keeps HTML pages that Kedro-Viz shows beside the graph."""

from kedro_datasets._typing import HTMLPreview

from onion_pipeline.datasets.text_dataset import TextDataset


class PageDataset(TextDataset):
    """``PageDataset`` saves an HTML page as a UTF-8 file, and checks it before it is read.

    Differs from :class:`~onion_pipeline.datasets.text_dataset.TextDataset` in that it can be
    previewed in Kedro-Viz. The arguments are the same.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        model_card_page:
          type: onion_pipeline.datasets.page_dataset.PageDataset
          filepath: data/08_reporting/model_card.html
        ```
    """

    def preview(self) -> HTMLPreview:
        """Return the page as Kedro-Viz shows it."""
        return HTMLPreview(self.load())
