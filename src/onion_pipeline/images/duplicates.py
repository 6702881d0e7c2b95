"""Near-duplicates: the same picture, encoded again, resized, slightly cropped or brightened.

Each picture is compared, within several crops and as if brightened, with the pictures that
resemble it (:mod:`~onion_pipeline.images.descriptors`). How close two pictures must be depends
on how close different pictures of this data set come: digits resemble each other more than
photographs do. A picture's *reach* is its distance to some of the nearest among 512 or more
pictures drawn at random, the landmarks; near-duplicates are at a small part of it.

So that not every picture is compared with every other, each belongs to its nearest landmark,
and is compared with those of the landmarks near it. There are about twice as many landmarks as
the square root of the number of pictures, which makes the search grow as its power of 1.5.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.descriptors import describe, list_crops

Rows = NDArray[np.int64]
Vectors = NDArray[np.float32]

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
LANDMARKS = 512
# No reach is longer: where all pictures differ much, it is not that which makes two the same.
FAR = 0.6
# Shares of the reach. Measured on planted copies: at 0.06, 97 % and more of those of photographs
# and digits are found, and no two different photographs of hand signs, few digits, are joined.
CANDIDATE, NEAR = 0.3, 0.06
# How far, beyond its nearest one, the landmarks of a picture's copies are looked for.
SLACK = 0.1
# Of each picture, so many others are looked at closely, the nearest first.
MOST = 32
CHUNK, BATCH = 512, 64


class _Pairs(NamedTuple):
    first: Rows
    second: Rows
    similarity: Vectors


class _Catalogue(NamedTuple):
    """What is known of each picture, about 130 bytes, and who lives near which landmark."""

    coarse: NDArray[np.float16]
    coarse_reach: Vectors
    fine_reach: Vectors
    landmarks: Vectors
    members: Rows
    bounds: Rows


def find_near_duplicates(images: NDArray[np.uint8]) -> DataFrame:
    """Return the pairs of `images` that show the same picture.

    Found are pictures that are encoded again (JPEG of quality 50 and more), resized (to half and
    more), cropped by up to 5 % of a side, brightened by up to 30 %, and most combinations of two
    of these. Blank pictures are alike if their pixels are equal.

    Args:
        images: uint8, (N, H, W, C); may be a memory map, of which little is read at a time.

    Returns:
        Columns ``first``, ``second`` (int64, rows of `images`, the first is the smaller) and
        ``similarity`` (float64, the correlation at the best crop, 1 for equal pixels); sorted by
        the rows. Of several pictures of equal pixels each is paired with the first.
    """
    import pandas as pd

    originals, equal = _find_equal(images)
    alike = _find_alike(images, originals)
    found = _concatenate([equal, alike])
    pairs = pd.DataFrame(found._asdict()).astype({"similarity": "float64"})
    return pairs.sort_values(["first", "second"], ignore_index=True)


def join_pairs(count: int, first: Rows, second: Rows) -> Rows:
    """Return a number for each of `count` rows, the same for rows that pairs connect.

    Args:
        count: of the rows.
        first: int64, one row of each pair.
        second: int64, the other.

    Returns:
        int64, (count,): the smallest row that can be reached.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), bool), (first, second)), (count, count))
    _, component = connected_components(graph, directed=False)
    _, smallest = np.unique(component, return_index=True)
    return smallest[component].astype(np.int64)


def _find_equal(images: NDArray[np.uint8]) -> tuple[Rows, _Pairs]:
    """Return the rows of pictures that have no equal before them, and the pairs of equals."""
    if not len(images):
        return np.zeros(0, np.int64), _make_no_pairs()
    digests = [
        blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() for image in images
    ]
    _, first, equal = np.unique(np.array(digests, "V16"), return_index=True, return_inverse=True)
    later = np.flatnonzero(first[equal] != np.arange(len(images)))
    return np.sort(first), _Pairs(first[equal][later], later, np.ones(len(later), np.float32))


def _find_alike(images: NDArray[np.uint8], rows: Rows) -> _Pairs:
    if len(rows) < 2:  # noqa: PLR2004
        return _make_no_pairs()
    catalogue = _catalogue(images, rows)
    found = [_make_no_pairs(), *_search(images, rows, catalogue)]
    first, second, _ = _concatenate(found)
    similarity = _compare(images, rows, first, second)
    reach = catalogue.fine_reach
    close = 1 - similarity <= NEAR * np.minimum(reach[first], reach[second])
    pairs = _Pairs(
        np.minimum(first, second)[close], np.maximum(first, second)[close], similarity[close]
    )
    first, second, similarity = _keep_best(pairs)
    return _Pairs(rows[first], rows[second], np.clip(similarity, 0, 1))


def _catalogue(images: NDArray[np.uint8], rows: Rows) -> _Catalogue:
    count = len(rows)
    number = min(count // 4, max(LANDMARKS, int(2 * count**0.5))) or min(count, 1)
    marks = np.sort(np.random.default_rng(0).permutation(count)[:number])
    chosen = _read(images, rows[marks])
    landmarks = {detail: describe(chosen, detail)[:, 0] for detail in (COARSE, FINE)}
    coarse = np.empty((count, landmarks[COARSE].shape[1]), np.float16)
    reach = {detail: np.full(count, FAR, np.float32) for detail in (COARSE, FINE)}
    home = np.zeros(count, np.int64)
    for part in _cut(count):
        pictures = _read(images, rows[part])
        own = marks[None] == np.arange(count)[part, None]
        for detail in (COARSE, FINE):
            descriptors = describe(pictures, detail)[:, 0]
            likeness = descriptors @ landmarks[detail].T
            if detail == COARSE:
                coarse[part], home[part] = descriptors, likeness.argmax(axis=1)
            reach[detail][part] = _measure_reach(np.where(own, -1, likeness))
    members = np.argsort(home, kind="stable")
    bounds = np.searchsorted(home[members], np.arange(number + 1))
    return _Catalogue(coarse, reach[COARSE], reach[FINE], landmarks[COARSE], members, bounds)


def _measure_reach(likeness: Vectors) -> Vectors:
    """Return the distance of each row to the third landmark, and one further for each hundred.

    The nearest may be a near-duplicate itself.
    """
    rank = 3 + likeness.shape[1] // 100
    if likeness.shape[1] < rank:
        return np.full(len(likeness), FAR, np.float32)
    return np.minimum(FAR, 1 - np.partition(likeness, -rank, axis=1)[:, -rank])


def _search(images: NDArray[np.uint8], rows: Rows, catalogue: _Catalogue) -> Iterator[_Pairs]:
    """Yield, for some rows at a time, the pairs that may be the same picture."""
    for part in _cut(len(rows)):
        own, queries = _list_queries(_read(images, rows[part]))
        own += part.start
        least = 1 - CANDIDATE * catalogue.coarse_reach[own]
        found = _concatenate([_make_no_pairs(), *_visit(catalogue, own, queries, least)])
        within = 1 - found.similarity <= CANDIDATE * catalogue.coarse_reach[found.second]
        others = within & (found.first != found.second)
        yield _keep_nearest(_keep_best(_take(found, others)))


def _list_queries(pictures: NDArray[np.uint8]) -> tuple[Rows, Vectors]:
    """Return the coarse descriptors of each crop, as it is and brightened, and whose they are."""
    own, queries = [], []
    for ceiling in COARSE_CEILINGS:
        clipped = (pictures > ceiling).mean(axis=(1, 2, 3)) > CLIPPED
        chosen = np.flatnonzero(clipped | (ceiling == WHITE))
        if len(chosen):
            descriptors = _describe_below(pictures[chosen], ceiling, COARSE, COARSE_CROPS)
            own.append(np.repeat(chosen, descriptors.shape[1]))
            queries.append(descriptors.reshape(-1, descriptors.shape[2]))
    return np.concatenate(own), np.concatenate(queries)


def _visit(catalogue: _Catalogue, own: Rows, queries: Vectors, least: Vectors) -> Iterator[_Pairs]:
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
            yield _Pairs(own[near[query]], members[member], likeness[query, member])


def _compare(images: NDArray[np.uint8], rows: Rows, first: Rows, second: Rows) -> Vectors:
    """Return the similarity of each pair, of which `first` is sorted, at the best crop of it."""
    best = np.full(len(first), -1, np.float32)
    pictures, starts = np.unique(first, return_index=True)
    bounds = np.append(starts, len(first))
    for start in range(0, len(pictures), BATCH):
        batch = slice(start, min(start + BATCH, len(pictures)))
        pairs = slice(bounds[batch.start], bounds[batch.stop])
        others, place = np.unique(second[pairs], return_inverse=True)
        descriptors = _describe_others(_read(images, rows[others]))
        shown = _read(images, rows[pictures[batch]])
        whose = np.searchsorted(pictures[batch], first[pairs])
        best[pairs] = _match(shown, whose, descriptors, place)
    return best


def _describe_others(pictures: NDArray[np.uint8]) -> Vectors:
    """Return the fine descriptors of whole pictures as they are and as if enlarged: (N, 2, D)."""
    kinds = [describe(pictures, FINE, halved=halved)[:, 0] for halved in (False, True)]
    return np.stack(kinds, axis=1)


def _match(pictures: NDArray[np.uint8], whose: Rows, descriptors: Vectors, place: Rows) -> Vectors:
    """Return how well each picture, cropped or brightened, fits what it is compared with.

    Args:
        pictures: uint8, (N, H, W, C).
        whose: int64, (P,), sorted: the picture of each pair.
        descriptors: of the others.
        place: int64, (P,): the other of each pair.
    """
    best = np.full(len(whose), -1, np.float32)
    brightest = pictures.max(axis=(1, 2, 3))
    for ceiling in FINE_CEILINGS:
        chosen = np.flatnonzero((brightest > ceiling) | (ceiling == WHITE))
        crops = _describe_below(pictures[chosen], ceiling, FINE, FINE_CROPS)
        for number, shown in zip(chosen, crops, strict=True):
            pairs = slice(*np.searchsorted(whose, [number, number + 1]))
            kinds = descriptors[place[pairs]]
            fits = shown @ kinds.reshape(-1, kinds.shape[2]).T
            best[pairs] = np.maximum(best[pairs], fits.max(axis=0).reshape(-1, 2).max(axis=1))
    return best


def _describe_below(
    pictures: NDArray[np.uint8], ceiling: int, detail: int, crops: list[tuple[float, float]]
) -> Vectors:
    """Return the descriptors that the pictures have if all above `ceiling` is white."""
    return describe(np.minimum(pictures, np.uint8(ceiling)), detail, crops)


def _keep_best(pairs: _Pairs) -> _Pairs:
    """Return each pair once, with its greatest similarity, sorted by its rows."""
    ordered = _take(pairs, np.lexsort((-pairs.similarity, pairs.second, pairs.first)))
    first, second, _ = ordered
    new = np.ones(len(first), bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return _take(ordered, new)


def _keep_nearest(pairs: _Pairs) -> _Pairs:
    """Return the most similar pairs of each row of `first`."""
    ordered = _take(pairs, np.lexsort((-pairs.similarity, pairs.first)))
    rank = np.arange(len(ordered.first)) - np.searchsorted(ordered.first, ordered.first)
    return _take(ordered, rank < MOST)


def _take(pairs: _Pairs, chosen: NDArray[Any]) -> _Pairs:
    return _Pairs(pairs.first[chosen], pairs.second[chosen], pairs.similarity[chosen])


def _concatenate(parts: Sequence[_Pairs]) -> _Pairs:
    return _Pairs(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.similarity for part in parts]),
    )


def _make_no_pairs() -> _Pairs:
    return _Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


def _cut(count: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))


def _read(images: NDArray[np.uint8], rows: Rows) -> NDArray[np.uint8]:
    return np.ascontiguousarray(images[rows])
