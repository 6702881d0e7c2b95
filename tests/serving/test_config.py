from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.serving.config import ServingConfig

POINT = {"confidence_threshold": 0.625, "set_threshold": 0.1, "set_coverage": 0.95}
CONFIG = ServingConfig(
    ["Zwiebel", "玉ねぎ", "0"], (28, 24, 1), Rendering("pad", "black", "first_frame"), POINT
)


def test_a_configuration_is_read_as_it_was_written(tmp_path):
    CONFIG.write(tmp_path / "serving.json")
    assert ServingConfig.read(tmp_path / "serving.json") == CONFIG


def test_the_thresholds_are_those_of_the_operating_point():
    assert (CONFIG.confidence_threshold, CONFIG.set_threshold) == (0.625, 0.1)


def test_without_an_operating_point_there_are_no_thresholds():
    config = CONFIG._replace(operating_point=None)
    assert (config.confidence_threshold, config.set_threshold) == (None, None)
