import pytest

from onion_pipeline.model.backbones.networks import NETWORKS


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_network_is_fully_described(network):
    blocks = network.list_blocks()
    assert (blocks[0], blocks[-1]) == ("stem", "top")
    assert len(set(blocks)) == len(blocks) == 2 + sum(network.repeats)
    assert 0.6 < network.top_1 < 0.9
    assert network.licence in {"Apache-2.0", "MIT"}
    assert network.source.startswith("https://")
    assert len(network.scaling) == len(network.offset) == 3


def test_a_side_that_is_no_multiple_leaves_rounded():
    up, down = NETWORKS["efficientnet_lite0"], NETWORKS["convnext_tiny"]
    assert up.output_shape((224, 225, 3)) == (7, 8, 1280)
    assert down.output_shape((224, 225, 3)) == (7, 7, 768)
