import numpy as np
import pytest

from onion_pipeline.model.backbones import torch_files, weights
from onion_pipeline.model.backbones.efficientnet_lite import list_blocks, order_weights
from onion_pipeline.model.backbones.networks import NETWORKS
from onion_pipeline.model.graph import compute_outputs

LITE0 = NETWORKS["efficientnet_lite0"]
LAST = "backbone_top_relu"


@pytest.fixture(scope="module")
def tensors():
    """What PyTorch would read, with the weights of ImageNet's classes."""
    file = weights.FILES[LITE0.name]
    return torch_files.read_tensors(weights.find_packaged_file(LITE0), file.sha256)


def test_photographs_are_classified_as_by_the_original(build_backbone, photos, tensors):
    pictures, classes = photos
    model = build_backbone(LITE0.name, (224, 224, 3), weights="imagenet")
    features = compute_outputs(model, [LAST], pictures)[LAST].mean(axis=(1, 2))
    logits = features @ tensors["_fc.weight"].T + tensors["_fc.bias"]
    assert np.mean(logits.argmax(axis=1) == classes) == pytest.approx(0.795, abs=0.011)
    np.testing.assert_array_equal(logits[:8].argmax(axis=1), [0, 5, 12, 15, 20, 25, 30, 47])
    np.testing.assert_allclose(logits[0, :3], [8.6189, 4.3087, 1.0058], atol=0.02)


def test_stages_and_filters_are_those_of_the_authors():
    blocks = list(list_blocks(LITE0))
    assert [block.name for block in blocks] == LITE0.list_blocks()[1:-1]
    assert [block.filters for block in blocks if block.name.endswith("a")] == [
        *(16, 24, 40, 80, 112, 192, 320),
    ]
    wide = list(list_blocks(NETWORKS["efficientnet_lite2"]))
    assert [block.filters for block in wide if block.name.endswith("a")] == [
        *(16, 24, 48, 88, 120, 208, 352),
    ]
    assert [block.name for block in blocks if block.stride == 2] == [
        *("block2a", "block3a", "block4a", "block6a"),
    ]


def test_weights_of_pytorch_come_in_the_layouts_of_keras(tensors):
    ordered = order_weights(tensors)
    assert len(ordered) == len(tensors) - 2 - sum("batches" in name for name in tensors)
    assert ordered[0].shape == (3, 3, 3, 32)
    first = tensors["_conv_stem.weight"]
    np.testing.assert_array_equal(ordered[0][1, 2, 0, 7], first[7, 0, 1, 2])
    depthwise = next(each for name, each in tensors.items() if "_depthwise_conv" in name)
    assert depthwise.shape == (32, 1, 3, 3)
    assert ordered[5].shape == (3, 3, 32, 1)
