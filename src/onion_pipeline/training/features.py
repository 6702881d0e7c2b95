"""What the frozen part of a network makes of images, computed once for all epochs."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from math import prod

import numpy as np

from onion_pipeline.annotations import KerasModel
from onion_pipeline.images.arrays import ArrayChunks, LabelledImages, labelled_dtype
from onion_pipeline.model.architecture import NamedLayer
from onion_pipeline.model.backbones.building import find_block
from onion_pipeline.model.backend import allow_retracing, import_keras
from onion_pipeline.model.composites import Residual
from onion_pipeline.model.graph import trace_calls
from onion_pipeline.model.inference_graph import make_inference_graph
from onion_pipeline.model.layers import Dropout, Shape
from onion_pipeline.origin import TRAINING, hash_origin
from onion_pipeline.training.batches import BatchPlan, ImageRows, list_inputs, read_pixels
from onion_pipeline.training.training_origin import hash_network

logger = logging.getLogger(__name__)

# Only speed depends on it, and memory: a batch of 224x224 pixels takes some 400 MB on its way.
BATCH = 32


def split_network(model: KerasModel) -> tuple[KerasModel, KerasModel]:
    """Return the part of a network that learns nothing in the probe, and the head that does.

    The first part ends where something would be learned or drawn: behind the backbone and what
    follows it without weights and without chance, such as global pooling. Both share their layers
    with `model`.

    Args:
        model: begins with a backbone.

    Returns:
        From uint8 (N, H, W, C) to float32 features (N, ...); from these to probabilities (N, K).
    """
    keras = import_keras()
    calls = [*trace_calls(model).values()]
    uses = Counter(id(tensor) for call in calls for tensor in call.arriving)
    end = max(place for place, call in enumerate(calls) if find_block(call.layer.name))
    features = calls[end].leaving
    for layer, _, leaving in calls[end + 1 :]:
        # In front of a residual is the last place that all has to go through.
        if layer.weights or isinstance(layer, keras.layers.Dropout) or uses[id(features)] > 1:
            break
        features = leaving
    frozen = keras.Model(model.inputs[0], features, name="frozen")
    return frozen, keras.Model(features, model.outputs[0], name="head")


def find_features_shape(layers: Sequence[NamedLayer], image_shape: Shape) -> Shape:
    """Return the shape of the features of one picture, without building the network.

    Args:
        layers: of which the first is a backbone.
        image_shape: height, width and channels.
    """
    shape = image_shape
    for number, (_, _, layer, _) in enumerate(layers):
        is_learned = isinstance(layer, Dropout | Residual) or layer.count_parameters(shape)
        if number and is_learned:
            break
        shape = layer.output_shape(shape)
    return shape


def offer_none() -> ArrayChunks:
    """Return the features of no image, which a training without a probe has."""
    return ArrayChunks(labelled_dtype((0,), np.float32), (), (), "none", rows=0)


def compute_features(model: KerasModel, *sets: ImageRows) -> ArrayChunks:
    """Return the features of all images of some `sets`, one set after the other.

    Args:
        model: as :func:`split_network` takes it.
        sets: labelled images, with their variants.

    Returns:
        Rows of :func:`~onion_pipeline.images.arrays.labelled_dtype`, whose ``image`` are the
        features, float32; made while they are saved, with a bar on a terminal.
    """
    trunk, _ = split_network(model)
    dtype = labelled_dtype(trunk.output_shape[1:], np.float32)
    inputs = [value for images in sets for value in list_inputs(images)]
    origin = hash_origin("backbone features", TRAINING, hash_network(trunk), *inputs)
    pieces = (piece for images in sets for piece in _compute_pieces(trunk, images, dtype))
    rows = sum(map(len, sets))
    return ArrayChunks(dtype, (), _show_progress(pieces, rows), origin, rows)


def _show_progress(pieces: Iterable[LabelledImages], rows: int) -> Iterator[LabelledImages]:
    """Yield the pieces, and say how many rows there will be and, on a terminal, are."""
    from tqdm import tqdm

    logger.info("computing the features of %s pictures and variants, once", f"{rows:,}")
    with tqdm(total=rows, desc="features", unit="picture", disable=None, leave=False) as bar:
        for piece in pieces:
            yield piece
            bar.update(len(piece))


def _compute_pieces(
    trunk: KerasModel, images: ImageRows, dtype: np.dtype[np.void]
) -> Iterator[LabelledImages]:
    """Yield the features of the images, block by block, in their order.

    Here and not in worker processes, which make the pixels of variants: TensorFlow itself uses all
    processors, or the graphics one, for each batch.
    """
    plan = BatchPlan(images, BATCH, prod(trunk.input_shape[1:]))
    graph = make_inference_graph(trunk)
    fields = {name: images[name] for name in ("label", "index", "copy")}
    with closing(read_pixels(images, plan)) as blocks, allow_retracing():
        for number, pixels in enumerate(blocks):
            rows = plan[number][plan.weigh_rows(number) > 0]
            piece = np.empty(len(rows), dtype)
            for name, values in fields.items():
                piece[name] = values[rows]
            for start in range(0, len(rows), BATCH):
                part = slice(start, start + BATCH)
                piece["image"][part] = graph.predict_on_batch(pixels[: len(rows)][part])
            yield piece
