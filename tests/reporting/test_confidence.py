import pytest

from onion_pipeline.reporting.confidence import describe_confidence


def describe(findings):
    return "\n".join(describe_confidence(findings)["paragraphs"]).replace("\u00a0", " ")


def test_a_model_that_never_answers_is_said_to(make_findings):
    said = describe(make_findings(operating_point={"confidence_threshold": 2.0}))
    assert "It abstains from every picture" in said
    assert "Sets" not in said


def test_a_threshold_of_which_the_test_says_nothing_stands_alone(make_findings, parts):
    metrics = {name: value for name, value in parts["metrics"].items() if "answered" not in name}
    assert "below 0.800.\n" in describe(make_findings(metrics=metrics))


@pytest.mark.parametrize(("temperature", "sure"), [(1.5, "more"), (0.8, "less")])
def test_a_temperature_says_how_sure_the_model_was(make_findings, temperature, sure):
    said = describe(make_findings(calibration={"temperature": temperature}))
    assert (
        f"(temperature {temperature:.2f}): without that it would be {sure} sure of itself" in said
    )


def test_a_temperature_of_one_has_changed_nothing(make_findings):
    assert "temperature" not in describe(make_findings(calibration={"temperature": 1.0}))


def test_a_model_that_need_not_abstain_is_said_to(make_findings):
    point = {"confidence_threshold": 0.0, "target_accuracy": 0.95}
    assert "It answers every picture: the 95 % of right answers" in describe(
        make_findings(operating_point=point)
    )


def test_what_was_done_about_the_frequencies_of_the_classes_is_told(make_findings):
    def describe(**calibration):
        found = make_findings(calibration={"temperature": 1.2, **calibration})
        return " ".join(describe_confidence(found)["paragraphs"])

    plain = describe(shifts=[0.0, 0.0], class_frequencies="training")
    assert "The class that it names stays the same." in plain
    assert "as often as in the training pictures" not in plain
    shifted = describe(shifts=[0.5, -0.5], class_frequencies="training")
    assert "stays the same" not in shifted
    assert "as often as in the training pictures" in shifted
    assert "every class counted alike" in shifted
    uniform = describe(shifts=[0.0, 0.0], class_frequencies="uniform")
    assert "of which each class comes equally often" in uniform


def test_sets_of_one_class_are_not_called_larger(make_findings, parts):
    said = describe(make_findings(metrics=parts["metrics"] | {"sets_of_several": 0.0}))
    assert "each set had one class" in said
    assert "the larger" not in said


@pytest.mark.parametrize(("p_value", "told"), [(0.01, "larger than"), (0.4, "no larger than")])
def test_a_calibration_error_stands_beside_that_of_chance(make_findings, parts, p_value, told):
    chance = {"calibration_error_by_chance": 0.015, "calibration_p_value": p_value}
    said = describe(make_findings(metrics=parts["metrics"] | chance))
    assert f"Its calibration error is {told} chance explains" in said
    assert "have one of 1.5 % on average" in said
