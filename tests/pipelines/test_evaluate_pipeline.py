import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation.abstention import UNREACHED
from onion_pipeline.evaluation.calibration import apply_temperature
from onion_pipeline.evaluation.conformal import form_prediction_sets
from onion_pipeline.evaluation.metrics import measure_variants
from onion_pipeline.evaluation.predictions import predict_probabilities, tabulate_predictions
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.pipelines.evaluate.nodes.judge import choose_operating_point, report_classes
from onion_pipeline.pipelines.evaluate.nodes.predict import predict_variants
from onion_pipeline.pipelines.evaluate.pipeline import create_pipeline

pytestmark = pytest.mark.slow  # a training

NAMES = ["a", "b", "c"]


@pytest.fixture
def model(keras):
    return build_model(read_layers(["flatten"]), (12, 12, 3), 3, seed=0)


@pytest.fixture
def made(run_nodes, labelled_images, base_parameters, model):
    paths = [f"{NAMES[row['label']]}/{row['index']}.png" for row in labelled_images]
    index = pd.DataFrame({"path": paths, "height": 12, "width": 12, "format": ["PNG", "GIF"] * 6})
    changes = {"top_k": 2, "corrupted_images": 3, "fewest_in_slice": 1, "test_time_variants": 2}
    return run_nodes(
        create_pipeline(),
        {
            "trained_model": model,
            "validation_images": labelled_images,
            "train_images": labelled_images,
            "test_images": labelled_images[3:9],
            "image_index": index,
            "augmentation_policy": [{"name": "HorizontalFlip", "arguments": {"p": 1}}],
            "params:seed": 1,
            "image_splits": pd.DataFrame(
                {
                    "path": paths,
                    "label": [path[0] for path in paths],
                    "split": ["train"] * 3 + ["test"] * 6 + ["train"] * 3,
                    "cluster": [0, 1, 2, 0, *range(4, 12)],
                }
            ),
            "class_names": NAMES,
            "params:train": base_parameters.train,
            "params:evaluate": base_parameters.evaluate.model_copy(update=changes),
        },
    )


def test_each_test_image_is_predicted_by_the_network(made, model, labelled_images):
    predictions = made["test_predictions"]
    raw = np.asarray(model.predict_on_batch(labelled_images["image"][3:9]))
    expected = apply_temperature(raw, made["calibration"]["temperature"])
    columns = [f"probability_{name}" for name in NAMES]
    np.testing.assert_allclose(predictions[columns], expected, rtol=1e-4)
    assert list(predictions["predicted"]) == [NAMES[i] for i in expected.argmax(axis=1)]
    assert list(predictions["path"].str.get(2)) == list("345678")
    assert [path[0] for path in predictions["path"]] == list(predictions["label"])


def test_the_figures_follow_from_the_predictions(made):
    predictions, metrics = made["test_predictions"], made["metrics"]
    assert metrics["accuracy"] == (predictions["label"] == predictions["predicted"]).mean()
    assert metrics["accuracy_interval"][0] <= metrics["accuracy"] <= metrics["accuracy_interval"][1]
    assert metrics["test_images"] == 6
    assert metrics["macro_f1"] == pytest.approx(made["class_report"]["f1"].mean())
    assert metrics["top_2_accuracy"] >= metrics["accuracy"]
    assert list(made["class_report"]["support"]) == [2, 2, 2]


def test_the_test_has_a_figure_without_the_picture_that_the_network_knows(made):
    metrics, others = made["metrics"], made["test_predictions"].iloc[1:]
    expected = (others["label"] == others["predicted"]).mean()
    assert (metrics["leaked_images"], metrics["test_images_without_leaked"]) == (1, 5)
    assert metrics["accuracy_without_leaked"] == expected
    assert len(metrics["accuracy_without_leaked_interval"]) == 2


def test_the_sums_of_the_probabilities_stand_beside_the_counts(made):
    report, predictions = made["class_report"], made["test_predictions"]
    columns = [f"probability_{name}" for name in NAMES]
    assert report["expected"].tolist() == pytest.approx(predictions[columns].sum().tolist())
    gap = (report["expected"] - report["support"]).abs().sum() / 2 / 6
    assert made["metrics"]["class_frequency_error"] == pytest.approx(gap)
    assert made["metrics"]["class_frequency_p_value"] == report["frequency_p_value"].min()


def test_the_confusion_matrix_holds_every_test_image(made):
    (heatmap,) = [trace for trace in made["confusion_matrix"].data if trace.type == "heatmap"]
    assert list(heatmap.x) == NAMES
    predictions = made["test_predictions"]
    wrong = int((predictions["label"] != predictions["predicted"]).sum())
    shown = [axes for axes in made["worst_mistakes"].axes if axes.images]
    assert len(shown) == wrong


def test_the_validation_images_choose_temperature_and_thresholds(made):
    found, point = made["calibration"], made["operating_point"]
    assert found["validation_log_loss"] <= found["validation_log_loss_before"]
    assert found["validation_images"] == point["validation_images"] == 12
    predictions = made["validation_predictions"]
    answered = predictions["confidence"] >= point["confidence_threshold"]
    is_right = predictions["label"] == predictions["predicted"]
    assert not answered.any() or is_right[answered].mean() >= point["target_accuracy"]
    columns = [f"probability_{name}" for name in NAMES]
    sets = form_prediction_sets(predictions[columns].to_numpy(), point["set_threshold"])
    chosen = sets[np.arange(12), [NAMES.index(label) for label in predictions["label"]]]
    assert chosen.mean() >= point["set_coverage"]


def test_the_test_tells_what_calibration_and_thresholds_do(made):
    metrics = made["metrics"]
    for name in ("calibration_error", "brier_score", "log_loss"):
        assert {name, f"{name}_uncalibrated"} <= set(metrics)
    assert 0 <= metrics["answered"] <= 1
    assert 1 <= metrics["set_size"] <= 3
    low, high = metrics["set_coverage_interval"]
    assert low <= high <= 1
    assert metrics["set_coverage_holds"] in (0, 1)
    assert None not in metrics.values()


def test_the_figures_of_trust_show_bins_and_curve(made):
    before, after = made["reliability_diagram"].data[1:]
    assert sum(images for _, images in before.customdata) == 6
    assert sum(images for _, images in after.customdata) == 6
    (curve,) = made["risk_coverage_curve"].data
    assert max(curve.x) == 1


def test_the_network_stands_beside_what_one_could_do_without_it(made):
    table, answers = made["baselines"], made["baseline_predictions"]
    assert list(table["model"]) == ["network", "majority_class", "logistic_regression"]
    assert table["accuracy"].iloc[0] == made["metrics"]["accuracy"]
    for name in ("majority_class", "logistic_regression"):
        expected = (answers[name] == answers["label"]).mean()
        assert table.set_index("model")["accuracy"][name] == pytest.approx(expected)
    assert set(answers["majority_class"]) == {"a"}  # the first of three that are equally frequent


def test_a_network_that_has_learned_nothing_is_seen(made, caplog):
    warned = [record.getMessage() for record in caplog.get_records("setup")]
    assert "The network is not significantly better than majority class" in warned
    assert made["baselines"]["p_value"].iloc[1] > 0.05


def test_the_test_images_are_sliced_by_what_is_known_of_the_files(made):
    slices = made["slices"]
    assert set(slices["column"]) == {"class", "brightness", "format"}
    assert (slices.groupby("column")["images"].sum() == 6).all()


def test_variants_are_averaged_with_the_picture_itself(made, model, labelled_images):
    images = labelled_images["image"][3:9]
    mirrored = images[:, :, ::-1]  # what the policy makes of each, every time
    temperature = made["calibration"]["temperature"]
    plain, other = (
        apply_temperature(
            np.asarray(model.predict_on_batch(np.ascontiguousarray(each))), temperature
        )
        for each in (images, mirrored)
    )
    columns = [f"probability_{name}" for name in NAMES]
    found = made["variant_predictions"][columns]
    np.testing.assert_allclose(found, (plain + 2 * other) / 3, rtol=1e-4)


@pytest.mark.parametrize("copies", [0, 2])
def test_the_mirror_image_is_one_of_the_variants(model, labelled_images, base_parameters, copies):
    changes = {"test_time_flip": True, "test_time_variants": copies}
    turn = [{"name": "VerticalFlip", "arguments": {"p": 1}}]
    parameters = base_parameters.evaluate.model_copy(update=changes)
    paths = pd.DataFrame({"path": [f"{number}.png" for number in range(12)]})
    images = labelled_images["image"]
    answers = predict_probabilities(model, images)
    tested = tabulate_predictions(labelled_images, answers, paths["path"], NAMES)
    table = predict_variants(model, labelled_images, tested, turn, paths, NAMES, parameters, seed=0)
    plain, mirrored, upside_down = (
        np.asarray(model.predict_on_batch(np.ascontiguousarray(each)))
        for each in (images, images[:, :, ::-1], images[:, ::-1])
    )
    expected = (plain + mirrored + copies * upside_down) / (2 + copies)
    found = table[[f"probability_{name}" for name in NAMES]]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_without_variants_there_is_no_figure_of_them(model, labelled_images, base_parameters):
    paths = pd.DataFrame({"path": [f"{number}.png" for number in range(12)]})
    answers = predict_probabilities(model, labelled_images["image"])
    tested = tabulate_predictions(labelled_images, answers, paths["path"], NAMES)
    given = (model, labelled_images, tested, [], paths, NAMES, base_parameters.evaluate, 0)
    assert measure_variants(predict_variants(*given), NAMES) == {}


def test_the_network_is_asked_for_damaged_pictures_and_for_variants(made):
    table, metrics = made["robustness"], made["metrics"]
    assert (table["images"] == 3).all()
    assert sorted(set(table["severity"])) == [1, 2, 3, 4, 5]
    assert metrics["mean_corruption_error"] == pytest.approx(table["error"].mean())
    assert {"accuracy_with_variants", "log_loss_with_variants"} <= set(metrics)
    assert len(made["robustness_figure"].data) == table["corruption"].nunique()
    (axes,) = made["corruption_preview"].axes
    assert len(axes.get_yticks()) == table["corruption"].nunique()


def test_a_target_that_no_confidence_reaches_is_told(base_parameters, caplog):
    columns = {f"probability_{name}": [0.6, 0.2] for name in NAMES}
    wrong = pd.DataFrame({"label": ["a", "b"], "predicted": ["b", "a"], **columns})
    point = choose_operating_point(wrong, NAMES, base_parameters.evaluate)
    assert point["confidence_threshold"] == UNREACHED
    assert "all are marked as abstained" in caplog.text


def test_intervals_count_the_clusters_of_the_splits(made, base_parameters):
    predictions = made["test_predictions"]
    assert "test_clusters" not in made["metrics"]
    together = pd.DataFrame({"path": predictions["path"], "cluster": 0})
    report = report_classes(predictions, NAMES, together, base_parameters.evaluate)
    assert (report["recall_low"] == 0).all()
    assert (report["recall_high"] == 1).all()
