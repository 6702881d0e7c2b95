import numpy as np
import pytest

from onion_pipeline.errors import LayerError
from onion_pipeline.parameters import BuildParameters
from onion_pipeline.pipelines.build.pipeline import create_pipeline


@pytest.fixture
def values(labelled_images, base_parameters, keras):
    return {
        "train_images": labelled_images,
        "class_names": ["a", "b", "c"],
        "params:build": base_parameters.build,
        "params:seed": 1,
    }


def test_the_table_tells_what_the_network_is(run_nodes, values):
    made = run_nodes(create_pipeline(), values)
    model, table = made["untrained_model"], made["architecture_table"]
    *rows, total = table.to_dict("records")
    assert [row["layer"] for row in rows] == [layer.name for layer in model.layers]
    assert [row["parameters"] for row in rows] == [layer.count_params() for layer in model.layers]
    assert [row["output_shape"] for row in rows] == [
        "x".join(map(str, layer.output.shape[1:])) for layer in model.layers
    ]
    assert total["parameters"] == model.count_params()


def test_the_seed_alone_decides_the_first_weights(run_nodes, values):
    one, same, other = (
        run_nodes(create_pipeline(), {**values, "params:seed": seed})["untrained_model"]
        for seed in (1, 1, 2)
    )
    images = values["train_images"]["image"]
    answers = [np.asarray(model.predict_on_batch(images)) for model in (one, same, other)]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert (answers[0] != answers[2]).any()


def test_layers_that_do_not_fit_make_nothing(run_nodes, values):
    pools = BuildParameters(layers=["max_pooling2d"] * 5 + ["flatten"])
    with pytest.raises(LayerError, match=r"number 4 \(max_pooling2d\)"):
        run_nodes(create_pipeline(), {**values, "params:build": pools})
