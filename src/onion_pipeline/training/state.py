"""All that a training is between two blocks of images, and how it becomes arrays and back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.graph import find_convolution
from onion_pipeline.training.early_stopping import EarlyStopper
from onion_pipeline.training.epochs import Position
from onion_pipeline.training.optimizers import read_averages
from onion_pipeline.training.progress import Epoch

STOPPING = ("epochs", "best_epoch", "best_loss", "to_beat", "waited")


@dataclass
class TrainingState:
    """What the rest of a training depends on, beside what it is made of.

    The learning rate follows from the steps that `optimizer` counts, and the order of the
    images from the position.

    Args:
        graph: the network that learns; the seeds of its Dropout are among its variables.
        optimizer: averages of the weights, if there are any, are among its variables.
        stopper: with the best epoch so far.
        history: of the whole epochs.
        kernels: from :meth:`read_kernels`, before the first epoch and after each.
        seconds: how long it took to get to `position`.
        finished: whether nothing is left to be done.
    """

    graph: KerasModel
    optimizer: Any
    stopper: EarlyStopper
    history: list[Epoch] = field(default_factory=list)
    kernels: list[NDArray[np.float32]] = field(default_factory=list)
    position: Position = field(default_factory=Position)
    seconds: float = 0.0
    finished: bool = False

    def read_weights(self) -> list[NDArray[np.float32]]:
        """Return the weights of the graph that are judged and kept: averages, if there are any."""
        averages = read_averages(self.optimizer, self.graph.trainable_variables)
        return [
            averages.get(id(variable), weights)
            for variable, weights in zip(self.graph.weights, self.graph.get_weights(), strict=True)
        ]

    def read_kernels(self) -> NDArray[np.float32]:
        """Return the windows of the first convolution, as they are now.

        Returns:
            float32, (height, width, channels, filters); (0, 0, 0, 0) for a network without one.
        """
        name = find_convolution(self.graph)
        if not name:
            return np.zeros((0, 0, 0, 0), np.float32)
        kernel = self.graph.get_layer(name).kernel
        found = zip(self.graph.weights, self.read_weights(), strict=True)
        return next(weights for variable, weights in found if variable is kernel)

    def export(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, from which :meth:`restore` makes the same to the last bit."""
        numbers = {
            "stopping": {name: getattr(self.stopper, name) for name in STOPPING},
            "history": self.history,
            "position": self.position,
            "seconds": self.seconds,
            "finished": self.finished,
        }
        return {
            "numbers": np.array(json.dumps(numbers)),  # it writes floats so that none changes
            **_name_arrays("graph", (one.numpy() for one in self.graph.variables)),
            **_name_arrays("optimizer", (one.numpy() for one in self.optimizer.variables)),
            **_name_arrays("best_weights", self.stopper.best_weights),
            **_name_arrays("kernels", self.kernels),
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what :meth:`export` has given for a training that is made of the same."""
        for owner, name in ((self.graph, "graph"), (self.optimizer, "optimizer")):
            values = _pick_arrays(name, arrays)
            for variable, value in zip(owner.variables, values, strict=True):
                variable.assign(value)
        numbers = json.loads(str(arrays["numbers"]))
        vars(self.stopper).update(numbers["stopping"])
        self.stopper.best_weights = _pick_arrays("best_weights", arrays)
        self.kernels = _pick_arrays("kernels", arrays)
        self.history = [Epoch(*row) for row in numbers["history"]]
        self.position = Position(*numbers["position"])
        self.seconds, self.finished = numbers["seconds"], numbers["finished"]


def _name_arrays(name: str, arrays: Iterable[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{name}-{number:04}": array for number, array in enumerate(arrays)}


def _pick_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    return [arrays[key] for key in sorted(arrays) if key.startswith(f"{name}-")]
