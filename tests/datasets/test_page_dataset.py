from kedro_viz.models.flowchart.node_metadata import DataNodeMetadata
from kedro_viz.models.flowchart.nodes import DataNode

from onion_pipeline.datasets.page_dataset import PageDataset

PAGE = "<!doctype html>\n<title>A card</title>\n"


def test_kedro_viz_finds_the_preview_and_its_kind(tmp_path):
    dataset = PageDataset(filepath=(tmp_path / "card.html").as_posix())
    dataset.save(PAGE)
    node = DataNode(name="a", id="a", tags=set(), layer="reporting", kedro_obj=dataset)
    found = DataNodeMetadata(data_node=node)
    assert (found.preview_type, found.preview) == ("HTMLPreview", PAGE)
