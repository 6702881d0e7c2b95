import json

import pytest

from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.serving.config import ServingConfig

POINT = {"confidence_threshold": 0.625, "set_threshold": 0.1, "set_coverage": 0.95}


@pytest.mark.parametrize("point", [POINT, None])
def test_a_configuration_is_the_same_after_a_way_through_json(point):
    rendering = Rendering("pad", "black", "first_frame")
    config = ServingConfig(["Zwiebel", "玉ねぎ", "0"], (28, 24, 1), rendering, point)
    text = json.dumps(config.as_dictionary())
    assert ServingConfig.from_dictionary(json.loads(text)) == config
