import pytest

from onion_pipeline.images.decoding.decoder import RejectedImageError
from onion_pipeline.serving.classifier import Classifier


def test_a_broken_picture_costs_its_own_row(network, config, encode_picture):
    answers = Classifier(network, config, "7").classify([encode_picture(0), b"broken"])
    good, broken = answers.to_dict("records")
    assert good["label"] in config.class_names
    assert (good["model_version"], good["error"]) == ("7", "")
    assert broken["error"].startswith("unsupported_format")


def test_without_an_operating_point_it_always_answers(network, config, encode_picture):
    classifier = Classifier(network, config._replace(operating_point=None))
    (answer,) = classifier.classify([encode_picture(0)]).to_dict("records")
    assert (answer["prediction_set"], answer["abstained"], answer["error"]) == (None, False, "")


def test_what_cannot_be_decoded_is_told_by_reason_and_detail(network, config, encode_picture):
    classifier = Classifier(network, config)
    assert classifier.decode(encode_picture(0)).shape == config.image_shape
    with pytest.raises(RejectedImageError) as caught:
        classifier.decode("?")
    assert (caught.value.reason, caught.value.detail[:3]) == ("undecodable", "'?'")


def test_nothing_is_answered_with_nothing(network, config):
    assert len(Classifier(network, config).classify([])) == 0
