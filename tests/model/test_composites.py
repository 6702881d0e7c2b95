import pytest
from pydantic import ValidationError

from onion_pipeline.model.composites import LISTED, Backbone


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("residual", {}),
        ("residual", {"layers": []}),
        ("backbone", {"name": "resnet"}),
        ("backbone", {"name": "resnet50_v2", "from_block": "conv5block1"}),  # and trainable: all
        ("backbone", {"name": "resnet50_v2", "trainable": "some"}),
    ],
)
def test_impossible_arguments_are_refused(kind, arguments):
    with pytest.raises(ValidationError):
        LISTED[kind].model_validate(arguments)


def test_the_top_of_a_backbone_is_the_second_half_of_its_blocks_or_what_is_asked_for():
    blocks = Backbone(name="mobilenet_v3_small").list_trainable_blocks()
    half = Backbone(name="mobilenet_v3_small", trainable="top").list_trainable_blocks()
    last = Backbone(name="mobilenet_v3_small", trainable="top", from_block="block10")
    assert half == blocks[len(blocks) // 2 :]
    assert last.list_trainable_blocks() == ["block10", "top"]
    assert Backbone(name="mobilenet_v3_small", trainable="none").list_trainable_blocks() == []


def test_small_pictures_are_enlarged_in_proportion():
    backbone = Backbone(name="efficientnet_lite0")
    assert backbone.enlarge((28, 14, 1)) == (64, 32, 1)
    assert backbone.enlarge((32, 90, 3)) == (32, 90, 3)
