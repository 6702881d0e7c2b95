"""Near-duplicates: the same picture, encoded again, resized, slightly cropped or brightened.

Each picture is compared, within several crops and as if brightened, with the pictures that
resemble it (:mod:`~onion_pipeline.images.descriptors`). How close two pictures must be depends
on how close different pictures of this data set come: digits resemble each other more than
photographs do. A picture's *reach* is its distance to some of the nearest among 1,024 or more
pictures, the landmarks; near-duplicates are at a small part of it. A hash of its pixels makes a
picture a landmark: as good as a draw, and neither names nor order have a part in it.

So that not every picture is compared with every other, each belongs to its nearest landmark,
and is compared with those of the landmarks near it. There are about twice as many landmarks as
the square root of the number of pictures n, so that the search takes time like n to the 1.5.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.descriptors import describe, list_crops

Rows = NDArray[np.int64]
Vectors = NDArray[np.float32]
Pairs = NDArray[np.void]
"""Rows of :data:`PAIR`."""

PAIR = np.dtype([("first", np.int64), ("second", np.int64), ("similarity", np.float32)])
# Frequencies each way: few to find pictures that may be the same, more to tell.
COARSE, FINE = 6, 10
# What a crop of 5 % may have left of each side, in steps that the frequencies bear.
COARSE_CROPS = list_crops((0, 0.045))
FINE_CROPS = list_crops((0, 0.025, 0.05))
# What is brighter than these is white once a picture is brightened by up to 30 %.
COARSE_CEILINGS = (255, 205)
FINE_CEILINGS = (255, 232, 213, 197)
WHITE = 255
# Brightening a picture with fewer pixels above the ceiling changes no coarse descriptor.
CLIPPED = 0.01
LANDMARKS = 1024
# The largest reach: where all pictures differ much, two copies are no further apart for it.
FAR = 0.6
# Shares of the reach. Measured on planted copies: at 0.06, 97 % and more of those of photographs
# and digits are found, and no two different photographs of hand signs, few digits, are joined.
CANDIDATE, NEAR = 0.3, 0.06
SLACK = 0.1  # how far, beyond its nearest one, the landmarks of a picture's copies are looked for
MOST = 32  # others that are looked at closely for each picture, the nearest first
CHUNK, BATCH = 512, 64


class _Catalogue(NamedTuple):
    """What is known of each picture, about 130 bytes, and who lives near which landmark."""

    coarse: NDArray[np.float16]
    coarse_reach: Vectors
    fine_reach: Vectors
    landmarks: Vectors
    members: Rows
    bounds: Rows


def find_near_duplicates(
    images: NDArray[np.uint8], checksums: NDArray[np.object_] | None = None
) -> DataFrame:
    """Return the pairs of `images` that show the same picture.

    Found are pictures that are encoded again (JPEG of quality 50 and more), resized (to half and
    more), cropped by up to 5 % of a side, brightened by up to 30 %, and most combinations of two
    of these. Blank pictures are alike if their pixels are equal.

    Args:
        images: uint8, (N, H, W, C); may be a memory map, of which little is read at a time.
        checksums: str, (N,), of the files: of several pictures of equal pixels, the one with the
            smallest stands for all. Without them it is the first one.

    Returns:
        Columns ``first``, ``second`` (int64, rows of `images`, the first is the smaller) and
        ``similarity`` (float64, the correlation at the best crop, 1 for equal pixels); sorted by
        the rows. Of several pictures of equal pixels each is paired with the one that stands for
        all. With checksums, the pairs are the same ones in whatever order the pictures come.
    """
    import pandas as pd
    from threadpoolctl import threadpool_limits

    digests = np.array(
        [blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() for image in images],
        "V16",
    )
    order = np.arange(len(images)) if checksums is None else np.argsort(checksums, kind="stable")
    kept, equal = (order[rows] for rows in pair_equal(digests[order]))
    originals = np.setdiff1d(order, equal)
    landmarks = _choose_landmarks(digests[originals])
    # The matrices are small: handing halves of them to another thread costs more than it saves.
    with threadpool_limits(1, "blas"):
        alike = _find_alike(images, originals, landmarks)
    first, second = np.sort([kept, equal], axis=0)
    found = np.concatenate([_pair(first, second, 1), alike])
    pairs = pd.DataFrame(found).astype({"similarity": "float64"})
    return pairs.sort_values(["first", "second"], ignore_index=True)


def pair_equal(values: NDArray[Any]) -> tuple[Rows, Rows]:
    """Return the first row and the later one of each two equal `values`.

    Of several that are equal each is paired with the first.
    """
    _, first, equal = np.unique(values, return_index=True, return_inverse=True)
    later = np.flatnonzero(first[equal] != np.arange(len(values)))
    return first[equal][later], later


def _choose_landmarks(digests: NDArray[np.void]) -> Rows:
    """Return the places of the landmarks among pictures that are told apart by their digests.

    Where pictures are added, most of those that were landmarks before still are.
    """
    count = len(digests)
    number = min(count // 4, max(LANDMARKS, int(2 * count**0.5))) or min(count, 1)
    return np.sort(np.argsort(digests)[:number])


def _find_alike(images: NDArray[np.uint8], rows: Rows, marks: Rows) -> Pairs:
    """Return the near-duplicates among the pictures in `rows`, of which no two are equal."""
    catalogue = _catalogue(images, rows, marks)
    pairs = np.concatenate([np.empty(0, PAIR), *_search(images, rows, catalogue)])
    first, second = pairs["first"], pairs["second"]
    similarity = _compare(images, rows, first, second)
    reach = catalogue.fine_reach
    close = 1 - similarity <= NEAR * np.minimum(reach[first], reach[second])
    low, high = np.sort([rows[first[close]], rows[second[close]]], axis=0)
    return _keep_best(_pair(low, high, np.clip(similarity[close], 0, 1)))


def _catalogue(images: NDArray[np.uint8], rows: Rows, marks: Rows) -> _Catalogue:
    count = len(rows)
    chosen = images[rows[marks]]
    landmarks = {detail: describe(chosen, detail)[:, 0] for detail in (COARSE, FINE)}
    coarse = np.empty((count, landmarks[COARSE].shape[1]), np.float16)
    reach = {detail: np.full(count, FAR, np.float32) for detail in (COARSE, FINE)}
    home = np.zeros(count, np.int64)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        pictures = images[rows[part]]
        own = marks[None] == np.arange(count)[part, None]
        for detail in (COARSE, FINE):
            descriptors = describe(pictures, detail)[:, 0]
            likeness = descriptors @ landmarks[detail].T
            if detail == COARSE:
                coarse[part], home[part] = descriptors, likeness.argmax(axis=1)
            reach[detail][part] = _measure_reach(np.where(own, -1, likeness))
    members = np.argsort(home, kind="stable")
    bounds = np.searchsorted(home[members], np.arange(len(marks) + 1))
    return _Catalogue(coarse, reach[COARSE], reach[FINE], landmarks[COARSE], members, bounds)


def _measure_reach(likeness: Vectors) -> Vectors:
    """Return the distance of each row to the third landmark, and one further for each hundred.

    The nearest may be a near-duplicate itself.
    """
    rank = 3 + likeness.shape[1] // 100
    if likeness.shape[1] < rank:
        return np.full(len(likeness), FAR, np.float32)
    return np.minimum(FAR, 1 - np.partition(likeness, -rank, axis=1)[:, -rank])


def _search(images: NDArray[np.uint8], rows: Rows, catalogue: _Catalogue) -> Iterator[Pairs]:
    """Yield, for some rows at a time, the pairs that may be the same picture."""
    for start in range(0, len(rows), CHUNK):
        own, queries = _list_queries(images[rows[start : start + CHUNK]])
        own += start
        least = 1 - CANDIDATE * catalogue.coarse_reach[own]
        found = np.concatenate([np.empty(0, PAIR), *_visit(catalogue, own, queries, least)])
        reach = CANDIDATE * catalogue.coarse_reach[found["second"]]
        others = (1 - found["similarity"] <= reach) & (found["first"] != found["second"])
        yield _keep_nearest(_keep_best(found[others]))


def _list_queries(pictures: NDArray[np.uint8]) -> tuple[Rows, Vectors]:
    """Return the coarse descriptors of each crop, as it is and brightened, and whose they are."""
    own, queries = [], []
    for ceiling in COARSE_CEILINGS:
        clipped = (pictures > ceiling).mean(axis=(1, 2, 3)) > CLIPPED
        chosen = np.flatnonzero(clipped | (ceiling == WHITE))
        below = np.minimum(pictures[chosen], np.uint8(ceiling))
        descriptors = describe(below, COARSE, COARSE_CROPS)
        own.append(np.repeat(chosen, descriptors.shape[1]))
        queries.append(descriptors.reshape(-1, descriptors.shape[2]))
    return np.concatenate(own), np.concatenate(queries)


def _visit(catalogue: _Catalogue, own: Rows, queries: Vectors, least: Vectors) -> Iterator[Pairs]:
    """Compare queries with the members of the landmarks that are about as near as the nearest."""
    nearness = catalogue.landmarks @ queries.T
    # Unit vectors within an angle of each other differ by at most its chord in their nearness.
    enough = nearness.max(axis=0) - SLACK * np.sqrt(2 * (1 - least))
    for landmark, row in enumerate(nearness):
        members = catalogue.members[slice(*catalogue.bounds[landmark : landmark + 2])]
        near = np.flatnonzero(row >= enough)
        if len(members) and len(near):
            likeness = queries[near] @ catalogue.coarse[members].astype(np.float32).T
            query, member = np.nonzero(likeness >= least[near, None])
            yield _pair(own[near[query]], members[member], likeness[query, member])


def _compare(images: NDArray[np.uint8], rows: Rows, first: Rows, second: Rows) -> Vectors:
    """Return the similarity of each pair, of which `first` is sorted, at the best crop of it."""
    best = np.empty(len(first), np.float32)
    pictures = np.unique(first)
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        pairs = slice(*np.searchsorted(first, [batch[0], batch[-1] + 1]))
        others, place = np.unique(second[pairs], return_inverse=True)
        shown = images[rows[others]]
        # As they are, and as if they had been enlarged.
        kinds = [describe(shown, FINE, halved=halved)[:, 0] for halved in (False, True)]
        whose = np.searchsorted(batch, first[pairs])
        best[pairs] = _match(images[rows[batch]], whose, np.stack(kinds, axis=1)[place])
    return best


def _match(pictures: NDArray[np.uint8], whose: Rows, others: Vectors) -> Vectors:
    """Return how well each picture, cropped or brightened, fits what it is compared with.

    Of each pair there are the number of the picture, in `whose`, which is sorted, and two fine
    descriptors of the other one, in `others`: float32, (P, 2, D).
    """
    best = np.full(len(whose), -1, np.float32)
    brightest = pictures.max(axis=(1, 2, 3))
    for ceiling in FINE_CEILINGS:
        chosen = np.flatnonzero((brightest > ceiling) | (ceiling == WHITE))
        crops = describe(np.minimum(pictures[chosen], np.uint8(ceiling)), FINE, FINE_CROPS)
        for number, shown in zip(chosen, crops, strict=True):
            pairs = slice(*np.searchsorted(whose, [number, number + 1]))
            fits = shown @ others[pairs].reshape(-1, others.shape[2]).T
            best[pairs] = np.maximum(best[pairs], fits.max(axis=0).reshape(-1, 2).max(axis=1))
    return best


def _pair(first: Rows, second: Rows, similarity: Vectors | float) -> Pairs:
    pairs = np.empty(len(first), PAIR)
    pairs["first"], pairs["second"], pairs["similarity"] = first, second, similarity
    return pairs


def _keep_best(pairs: Pairs) -> Pairs:
    """Return each pair once, with its greatest similarity, sorted by its rows."""
    ordered = pairs[np.argsort(-pairs["similarity"], kind="stable")]
    _, best = np.unique(ordered["first"] << 32 | ordered["second"], return_index=True)
    return ordered[best]


def _keep_nearest(pairs: Pairs) -> Pairs:
    """Return the most similar pairs of each row of ``first``, which is sorted."""
    ordered = pairs[np.lexsort((-pairs["similarity"], pairs["first"]))]
    rank = np.arange(len(ordered)) - np.searchsorted(ordered["first"], ordered["first"])
    return ordered[rank < MOST]
