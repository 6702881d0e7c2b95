import numpy as np
import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.training import steps
from onion_pipeline.training.steps import compile_training, compile_validation, count_parts
from onion_pipeline.training.training_graph import make_training_graph

SHAPE, CLASSES, BATCH, STEPS = (8, 8, 1), 3, 12, 4
LAYERS = [{"conv2d": {"filters": 4, "activation": "relu"}}, "max_pooling2d", "flatten"]


@pytest.fixture
def untrained(keras):
    return build_model(read_layers(LAYERS), SHAPE, CLASSES, seed=0)


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (BATCH * STEPS, *SHAPE), dtype=np.uint8)
    return images, np.arange(len(images)) % CLASSES, np.full(len(images), 1 / BATCH, np.float32)


def train(keras, untrained, data, parts=1, optimizer=None):
    graph = make_training_graph(untrained, "float32")
    run = compile_training(graph, optimizer or keras.optimizers.SGD(0.1), BATCH, parts)
    return run(*data), graph


def test_many_steps_are_those_of_keras(keras, untrained, data):
    images, labels, _ = data
    theirs = keras.models.clone_model(untrained)
    theirs.set_weights(untrained.get_weights())
    theirs.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    expected = [
        theirs.train_on_batch(images[i : i + BATCH], labels[i : i + BATCH])
        for i in range(0, len(images), BATCH)
    ]
    (losses, _), graph = train(keras, untrained, data)
    np.testing.assert_allclose(losses, np.ravel(expected), rtol=1e-5)
    for ours, other in zip(graph.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(ours, other, atol=1e-5)


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_parts_of_a_batch_add_up_to_it(keras, untrained, data, parts):
    whole, together = train(keras, untrained, data), train(keras, untrained, data, parts)
    np.testing.assert_allclose(whole[0][0], together[0][0], rtol=1e-5)
    np.testing.assert_array_equal(whole[0][1], together[0][1])
    for one, other in zip(whole[1].get_weights(), together[1].get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_what_weighs_nothing_changes_nothing(keras, untrained, data):
    images, labels, weights = (part.copy() for part in data)
    weights[-3:] = 0
    results, graph = train(keras, untrained, (images, labels, weights))
    images[-3:] = 255 - images[-3:]
    labels[-3:] = 0
    again, same = train(keras, untrained, (images, labels, weights))
    np.testing.assert_array_equal(results, again)
    assert all(map(np.array_equal, graph.get_weights(), same.get_weights()))


def test_validation_measures_and_changes_nothing(keras, untrained, data):
    images, labels, weights = data
    graph = make_training_graph(untrained, "float32")
    found, correct = compile_validation(graph, BATCH)(images, labels, weights)
    answers = untrained.predict_on_batch(images)
    losses = -np.log(answers[np.arange(len(labels)), labels]).reshape(STEPS, BATCH).mean(axis=1)
    np.testing.assert_allclose(found, losses, rtol=1e-5)
    hits = (answers.argmax(axis=1) == labels).reshape(STEPS, BATCH).sum(axis=1)
    np.testing.assert_array_equal(correct, hits)
    assert all(map(np.array_equal, graph.get_weights(), untrained.get_weights()))


@pytest.mark.parametrize(
    ("processors", "batch", "parts"), [(1, 64, 1), (2, 64, 2), (2, 63, 1), (16, 128, 4), (2, 1, 1)]
)
def test_a_processor_has_a_part_if_that_is_large_enough(
    untrained, monkeypatch, processors, batch, parts
):
    monkeypatch.setattr(steps, "count_processors", lambda: processors)
    monkeypatch.setattr(steps, "list_gpus", list)
    assert count_parts(untrained, batch) == parts


def test_statistics_of_a_batch_need_it_whole_and_so_does_a_gpu(keras, untrained, monkeypatch):
    monkeypatch.setattr(steps, "count_processors", lambda: 2)
    layers = read_layers(["batch_normalization", "flatten"])
    assert count_parts(build_model(layers, SHAPE, CLASSES, seed=0), 64) == 1
    monkeypatch.setattr(steps, "list_gpus", lambda: [{}])
    assert count_parts(untrained, 64) == 1
