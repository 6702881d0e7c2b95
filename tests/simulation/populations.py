"""Synthetic predictions whose truth is known: what intervals and tests are tried on."""

from dataclasses import dataclass

import numpy as np

BLOCK = 10_000  # of the pictures from which a population's own figures are computed


@dataclass(frozen=True)
class Population:
    """A source of pictures and of a network's answers to them.

    A picture is hard to the degree of its own luck and of its group's. Both are normal, and
    the answer is right where their sum, of variance 1, is below the quantile of its class's recall,
    so that the share of right answers is `accuracy` whatever the groups are.

    Args:
        classes: K.
        accuracy: how probable a right answer is, in each class.
        imbalance: how many pictures the commonest class has for one of the rarest; shares fall
            geometrically between them.
        groups: of equal size, each a patient or the like; none: all pictures are independent.
        icc: the share of the (latent) variance that is between groups, in [0, 1).
        temperature: by which the scores are off; 1 is calibrated, less is too sure.
        mixed: whether the pictures of a group are of all classes; otherwise all are of one.
    """

    classes: int = 10
    accuracy: float = 0.9
    imbalance: float = 1.0
    groups: int = 0
    icc: float = 0.0
    temperature: float = 1.0
    mixed: bool = True

    @property
    def shares(self):
        """How common each class is, float64 (K,)."""
        falling = self.imbalance ** -np.linspace(0, 1, self.classes)
        return falling / falling.sum()

    def draw(self, images, seed):
        """Return a :class:`Sample` of so many pictures."""
        generator = np.random.default_rng(seed)
        cluster = self._deal(images)
        kinds = generator.choice(self.classes, images, p=self.shares)
        truth = kinds if self.mixed else kinds[cluster]
        is_right = self._spread(generator, cluster) < _quantile(self.accuracy)
        other = (truth + generator.integers(1, self.classes, images)) % self.classes
        predicted = np.where(is_right, truth, other)
        return Sample(truth, predicted, cluster if self.groups else None)

    def draw_pair(self, images, seed, gain=0.0, agreement=0.5):
        """Return a sample, and what another network, better by `gain`, says of its pictures.

        `agreement` is the correlation of the two networks' luck with each picture; with its group
        each has its own.
        """
        generator = np.random.default_rng([seed, 1])
        sample = self.draw(images, seed)
        cluster = self._deal(images)
        shared = generator.standard_normal(images)
        answers = []
        for accuracy in (self.accuracy, self.accuracy + gain):
            own = agreement**0.5 * shared + (1 - agreement) ** 0.5 * generator.standard_normal(
                images
            )
            is_right = self._spread(generator, cluster, own) < _quantile(accuracy)
            other = (sample.truth + generator.integers(1, self.classes, images)) % self.classes
            answers.append(np.where(is_right, sample.truth, other))
        return sample.truth, *answers, sample.clusters

    def draw_probabilities(self, images, seed):
        """Return truth, int64 (N,), and probabilities, float64 (N, K), calibrated at temperature 1.

        The truth is drawn from the probabilities; what the network says is their `temperature`-th
        root, so that it is too sure below 1 and too timid above.
        """
        generator = np.random.default_rng(seed)
        sharpness = _find_sharpness(self.classes, self.accuracy)
        logits = np.log(self.shares) + sharpness * generator.standard_normal((images, self.classes))
        honest = _softmax(logits)
        drawn = honest.cumsum(axis=1) < generator.random((images, 1))
        truth = drawn.sum(axis=1).clip(max=self.classes - 1)
        return truth, _softmax(logits / self.temperature)

    def measure_macro_f1(self, known=slice(None)):
        """Return the macro F1 of all pictures there are, exactly: the mean over `known` classes."""
        shares, wrong = self.shares, 1 - self.accuracy
        hits = shares * self.accuracy
        predicted = hits + (1 - shares) * wrong / (self.classes - 1)
        return float(np.mean((2 * hits / (shares + predicted))[known]))

    def _deal(self, images):
        """Return the group of each picture, int64 (N,)."""
        return np.arange(images) * self.groups // images if self.groups else np.arange(images)

    def _spread(self, generator, cluster, own=None):
        own = generator.standard_normal(len(cluster)) if own is None else own
        common = generator.standard_normal(cluster.max() + 1)[cluster] if self.groups else 0.0
        share = self.icc if self.groups else 0.0
        return share**0.5 * common + (1 - share) ** 0.5 * own


@dataclass(frozen=True)
class Sample:
    """Pictures: the truth and the answers, int64 (N,); their groups likewise, or None."""

    truth: np.ndarray
    predicted: np.ndarray
    clusters: np.ndarray | None

    def count(self, classes):
        """Return the confusion matrix, int64 (K, K), rows true and columns predicted."""
        cells = self.truth * classes + self.predicted
        return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def _quantile(share):
    from scipy.special import ndtri

    return ndtri(share)


def _softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _find_sharpness(classes, accuracy):
    """Return how far scores have to be apart for the mean confidence to be `accuracy`."""
    noise = np.random.default_rng(0).standard_normal((BLOCK // 4, classes))
    low, high = 0.0, 50.0
    for _ in range(20):
        middle = (low + high) / 2
        is_lower = _softmax(middle * noise).max(axis=1).mean() < accuracy
        low, high = (middle, high) if is_lower else (low, middle)
    return high
