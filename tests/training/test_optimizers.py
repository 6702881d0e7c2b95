from typing import get_args

import numpy as np
import pytest

from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.optimizers import EXPONENTIAL_END, make_optimizer, make_schedule

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
        ("exponential", 0, 0, 1),
        ("exponential", 0, 20, EXPONENTIAL_END**0.5),
        ("exponential", 0, 40, EXPONENTIAL_END),
    ],
)
def test_the_rate_at_start_middle_and_end(parameters, schedule, warmup, step, share):
    changes = {"schedule": schedule, "warmup_epochs": warmup, "epochs": 4, "learning_rate": 0.2}
    found = read_rate(parameters.model_copy(update=changes), step)
    assert found == pytest.approx(0.2 * share, abs=1e-6)


@pytest.mark.parametrize("schedule", ["constant", "exponential"])
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
    theirs = type(ours).__bases__[0](schedule, weight_decay=0.01)
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
