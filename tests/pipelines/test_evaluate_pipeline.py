import numpy as np
import pandas as pd
import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.pipelines.evaluate.pipeline import create_pipeline

NAMES = ["a", "b", "c"]


@pytest.fixture
def model(keras):
    return build_model(read_layers(["flatten"]), (12, 12, 3), 3, seed=0)


@pytest.fixture
def made(run_nodes, labelled_images, base_parameters, model):
    paths = [f"{NAMES[row['label']]}/{row['index']}.png" for row in labelled_images]
    return run_nodes(
        create_pipeline(),
        {
            "trained_model": model,
            "test_images": labelled_images[3:9],
            "image_splits": pd.DataFrame({"path": paths}),
            "class_names": NAMES,
            "params:evaluate": base_parameters.evaluate.model_copy(update={"top_k": 2}),
        },
    )


def test_each_test_image_is_predicted_by_the_network(made, model, labelled_images):
    predictions = made["test_predictions"]
    expected = np.asarray(model.predict_on_batch(labelled_images["image"][3:9]))
    columns = [f"probability_{name}" for name in NAMES]
    np.testing.assert_allclose(predictions[columns], expected, rtol=1e-6)
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


def test_the_confusion_matrix_holds_every_test_image(made):
    (heatmap,) = [trace for trace in made["confusion_matrix"].data if trace.type == "heatmap"]
    assert list(heatmap.x) == NAMES
    predictions = made["test_predictions"]
    wrong = int((predictions["label"] != predictions["predicted"]).sum())
    shown = [axes for axes in made["worst_mistakes"].axes if axes.images]
    assert len(shown) == wrong
