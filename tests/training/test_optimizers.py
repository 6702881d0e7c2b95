from typing import get_args

import numpy as np
import pytest

from onion_pipeline.model.backend import import_keras
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.optimizers import (
    CYCLE_END,
    EXPONENTIAL_END,
    make_optimizer,
    make_schedule,
    read_averages,
)

STEPS = 10
OPTIMIZERS = get_args(TrainParameters.model_fields["optimizer"].annotation)


def read_rate(parameters, step):
    schedule = make_schedule(parameters, STEPS)
    return float(schedule(step)) if callable(schedule) else schedule


@pytest.mark.parametrize(
    ("schedule", "warmup", "step", "share"),
    [
        ("constant", 0, 0, 1),
        ("constant", 0, 40, 1),
        ("cosine", 0, 0, 1),
        ("cosine", 0, 20, 0.5),
        ("cosine", 0, 40, 0),
        ("cosine", 2, 0, 0),
        ("cosine", 2, 10, 0.5),
        ("cosine", 2, 20, 1),
        ("cosine", 2, 30, 0.5),
        ("cosine", 2, 40, 0),
        ("cosine", 0.5, 5, 1),
        ("one_cycle", 0, 0, 1 / 25),
        ("one_cycle", 0, 6, 13 / 25),
        ("one_cycle", 0, 12, 1),
        ("one_cycle", 0, 26, 0.5),
        ("one_cycle", 0, 40, CYCLE_END),
        ("exponential", 0, 0, 1),
        ("exponential", 0, 20, EXPONENTIAL_END**0.5),
        ("exponential", 0, 40, EXPONENTIAL_END),
    ],
)
def test_the_rate_at_start_middle_and_end(parameters, schedule, warmup, step, share):
    changes = {"schedule": schedule, "warmup_epochs": warmup, "epochs": 4, "learning_rate": 0.2}
    found = read_rate(parameters.model_copy(update=changes), step)
    assert found == pytest.approx(0.2 * share, abs=1e-6)


@pytest.mark.parametrize("schedule", ["constant", "exponential", "one_cycle"])
def test_warmup_belongs_to_the_cosine_schedule_alone(parameters, schedule):
    changes = {"schedule": schedule, "warmup_epochs": 2, "epochs": 4}
    warm = parameters.model_copy(update=changes)
    cold = warm.model_copy(update={"warmup_epochs": 0})
    rates = [[read_rate(which, step) for step in (0, 10, 40)] for which in (warm, cold)]
    assert rates[0] == pytest.approx(rates[1])


def test_a_warmup_as_long_as_the_training_rises_throughout(parameters):
    changes = {"schedule": "cosine", "warmup_epochs": 4, "epochs": 4, "learning_rate": 0.2}
    warm = parameters.model_copy(update=changes)
    assert [read_rate(warm, step) for step in (0, 20, 40)] == pytest.approx([0, 0.1, 0.2])


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_every_optimizer_has_the_rate_and_the_decay_that_are_asked_for(parameters, name, decay):
    changes = {"optimizer": name, "weight_decay": decay, "learning_rate": 0.125}
    optimizer = make_optimizer(parameters.model_copy(update=changes), STEPS)
    assert type(optimizer).__name__.lower() == name
    assert float(optimizer.learning_rate) == 0.125
    assert (optimizer.weight_decay or 0.0) == decay


def test_sgd_has_nesterov_momentum(parameters):
    optimizer = make_optimizer(parameters, STEPS)
    assert optimizer.nesterov
    assert optimizer.momentum == 0.9


def test_the_optimizer_follows_the_schedule(parameters):
    changes = {"schedule": "cosine", "warmup_epochs": 1}
    optimizer = make_optimizer(parameters.model_copy(update=changes), STEPS)
    rates = [float(optimizer.learning_rate)]
    optimizer.iterations.assign(STEPS)
    rates.append(float(optimizer.learning_rate))
    assert rates == pytest.approx([0, parameters.learning_rate])


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_the_update_in_one_operation_is_that_of_keras(keras, parameters, name):
    changes = {"optimizer": name, "weight_decay": 0.01, "schedule": "cosine", "warmup_epochs": 1}
    ours = make_optimizer(parameters.model_copy(update=changes), STEPS)
    schedule = make_schedule(parameters.model_copy(update=changes), STEPS)
    theirs = getattr(keras.optimizers, type(ours).__name__)(schedule, weight_decay=0.01)
    generator = np.random.default_rng(0)
    start = generator.normal(size=(5, 3)).astype(np.float32)
    variables = [keras.Variable(start), keras.Variable(start)]
    for optimizer, variable in zip((ours, theirs), variables, strict=True):
        optimizer.build([variable])
    for _ in range(30):
        gradient = keras.ops.convert_to_tensor(generator.normal(size=(5, 3)), "float32")
        ours.apply([gradient])
        theirs.apply([gradient])
    found, expected = (keras.ops.convert_to_numpy(variable) for variable in variables)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert not np.allclose(found, start, atol=1e-2)


def learn(optimizer, variables, steps=5):
    """Let variables follow random gradients."""
    optimizer.build(variables)
    generator = np.random.default_rng(0)
    for _ in range(steps):
        gradients = [generator.normal(size=each.shape).astype(np.float32) for each in variables]
        optimizer.apply([import_keras().ops.convert_to_tensor(each) for each in gradients])


def make_variables(keras):
    """The weights of a dense layer, and its bias."""
    generator = np.random.default_rng(1)
    kernel, bias = (generator.normal(size=shape).astype(np.float32) for shape in ((4, 3), (3,)))
    return [keras.Variable(kernel, name="kernel"), keras.Variable(bias, name="bias")]


def move(keras, parameters, multipliers=None, **changes):
    """Return by how much kernel and bias have changed after some steps."""
    optimizer = make_optimizer(parameters.model_copy(update=changes), STEPS, multipliers)
    variables = make_variables(keras)
    learn(optimizer, variables)
    started = make_variables(keras)
    return [one.numpy() - other.numpy() for one, other in zip(variables, started, strict=True)]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_biases_and_normalisation_do_not_decay(keras, parameters, name):
    plain = move(keras, parameters, optimizer=name, weight_decay=0)
    kernel, bias = move(keras, parameters, optimizer=name, weight_decay=0.5)
    np.testing.assert_array_equal(bias, plain[1])
    assert np.abs(kernel - plain[0]).min() > 0


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
@pytest.mark.parametrize("decay", [0, 0.5])
def test_a_multiplier_is_a_learning_rate_of_its_own(keras, parameters, name, schedule, decay):
    changes = {"optimizer": name, "schedule": schedule, "weight_decay": decay}
    whole, half = (move(keras, parameters, learning_rate=rate, **changes) for rate in (0.05, 0.025))
    path = make_variables(keras)[0].path
    for multipliers in ({0: 0.5}, {path: 0.5}):
        kernel, bias = move(keras, parameters, multipliers, learning_rate=0.05, **changes)
        np.testing.assert_allclose(kernel, half[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(bias, whole[1])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_multipliers_of_one_change_no_bit_and_of_nothing_keep_a_variable(keras, parameters, name):
    changes = {"optimizer": name, "weight_decay": 0.1}
    plain = move(keras, parameters, **changes)
    same = move(keras, parameters, {0: 1.0, 1: 1.0}, **changes)
    assert all(map(np.array_equal, plain, same))
    kernel, bias = move(keras, parameters, {0: 0.0}, **changes)
    assert not kernel.any()
    assert bias.all()


def test_multipliers_of_unknown_variables_are_refused(keras, parameters):
    optimizer = make_optimizer(parameters, STEPS, {"head/kernel": 2.0, 7: 1.0})
    with pytest.raises(ValueError, match=r"for head/kernel, 7; .* are kernel, bias"):
        optimizer.build(make_variables(keras))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_norm_of_all_gradients_together_is_clipped(keras, parameters, name):
    changes = {"optimizer": name, "learning_rate": 0.05}
    plain = move(keras, parameters, **changes)
    high = move(keras, parameters, gradient_clipping=1000.0, **changes)
    for one, other in zip(plain, high, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-7)
    low = move(keras, parameters, gradient_clipping=0.01, **changes)
    if name == "sgd":  # the others divide by the size of the gradients
        # Five steps of Nesterov's momentum of 0.9, each of a gradient of norm 0.01, all alike.
        most = 0.05 * 0.01 * sum((1 - 0.9 ** (step + 1)) / 0.1 for step in range(1, 6))
        assert np.hypot(*map(np.linalg.norm, low)) <= most
    assert not all(map(np.array_equal, plain, low))


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_averages_are_of_the_weights_of_all_steps_and_less_of_the_first(
    keras, parameters, name, decay
):
    changes = {"optimizer": name, "ema": decay, "learning_rate": 0.05}
    optimizer = make_optimizer(parameters.model_copy(update=changes), STEPS)
    variables = make_variables(keras)
    optimizer.build(variables)
    assert read_averages(optimizer, variables) == {}
    expected = None
    for step in range(6):
        learn(optimizer, variables, 1)
        kept = 0 if step == 0 else min(decay, (1 + step) / (10 + step))
        now = [each.numpy() for each in variables]
        expected = [
            kept * one + (1 - kept) * other for one, other in zip(expected or now, now, strict=True)
        ]
    averages = read_averages(optimizer, variables)
    for variable, average in zip(variables, expected, strict=True):
        np.testing.assert_allclose(averages[id(variable)], average, rtol=1e-5, atol=1e-6)
        assert not np.allclose(averages[id(variable)], variable.numpy(), atol=1e-4)


def test_averages_are_among_what_a_checkpoint_keeps(keras, parameters):
    counts = []
    for changes in ({}, {"ema": 0.9}):
        optimizer = make_optimizer(parameters.model_copy(update=changes), STEPS)
        optimizer.build(make_variables(keras))
        counts.append(len(optimizer.variables))
    assert counts[1] == counts[0] + 2
