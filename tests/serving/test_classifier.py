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
