"""The list of layers, read and walked with the shape of the pictures before it is built."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import prod
from typing import Any, NamedTuple

from pydantic import ValidationError

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import LayerError, list_some, suggest
from onion_pipeline.model.graph import LayerNode, name_kind
from onion_pipeline.model.layers import LISTED, Backbone, Dense, Layer, Residual, Shape, ShapeError

BACKBONE = "backbone"
WHOLE = "build.layers"  # and not the list of a residual
BLOCK = "backbone block"  # the kind of a row that stands for its layers
# A layer as parameter files write it: a bare name, or one name with its arguments.
LayerEntry = str | Mapping[str, Mapping[str, Any] | None]


class NamedLayer(NamedTuple):
    """A layer with the name that it has in the model, such as ``conv2d_1``.

    Args:
        kind: as parameter files write it.
        branch: the layers of a ``residual``.
    """

    name: str
    kind: str
    layer: Layer
    branch: "tuple[NamedLayer, ...]" = ()

    @property
    def number(self) -> int:
        """Which one of its kind it is in the network, from 1."""
        return int(self.name.rpartition("_")[2])


class LayerRow(NamedTuple):
    """What one layer, or block of a backbone, does to one picture: a row of the table of both."""

    name: str
    kind: str
    output_shape: Shape
    parameters: int
    trainable_parameters: int | None
    multiply_adds: int | None


def read_layers(entries: Sequence[LayerEntry]) -> list[NamedLayer]:
    """Return the layers that a parameter file lists.

    Raises:
        LayerError: unknown layers or arguments; names all of them with their positions.

    Example:
        >>> read_layers(["flatten", {"dense": {"units": 128}}])[1].name
        'dense_1'
    """
    mistakes: list[str] = []
    layers = _read_list(entries, WHOLE, Counter(), mistakes)
    if mistakes:
        raise LayerError("\n".join(mistakes))
    return layers


def walk_layers(layers: Sequence[NamedLayer], image_shape: Shape, classes: int) -> list[LayerRow]:
    """Return what each layer does to a picture, the scaling before and the head after them.

    Args:
        layers: from :func:`read_layers`.
        image_shape: height, width and channels.
        classes: number of classes, the units of the softmax head.

    Raises:
        LayerError: a layer cannot take the shape that arrives; names its position, that
            shape and the way out.
    """
    rows = [LayerRow("scaling", "rescaling", image_shape, 0, 0, prod(image_shape))]
    head = NamedLayer("softmax", "dense", Dense(units=classes))
    rows += _walk_list(layers, image_shape, WHOLE)
    where = "build.layers, after the last (the softmax head)"
    return rows + _walk_layer(head, rows[-1].output_shape, where)


def tabulate_architecture(rows: Sequence[LayerRow | LayerNode]) -> DataFrame:
    """Return the architecture table: a row per layer or block, and a last one with the totals.

    Args:
        rows: of a list of layers from :func:`walk_layers`, or of any network from
            :func:`~onion_pipeline.model.graph.read_graph`. Of a backbone, the layers of a block
            become one row.

    Returns:
        Columns ``layer``, ``kind``, ``output_shape`` (such as ``26x26x32``), ``parameters``,
        ``trainable_parameters`` (missing where only the built network tells), ``multiply_adds``
        (for one picture; missing in the rows of layers whose arithmetic is not known, and in the
        last row then).
    """
    import pandas as pd

    shown = [row for row in join_blocks(rows) if row.kind != "input"]
    table = pd.DataFrame(shown, columns=LayerRow._fields).rename(columns={"name": "layer"})
    table = table.astype({"trainable_parameters": "Int64", "multiply_adds": "Int64"})
    table["output_shape"] = ["x".join(map(str, shape)) for shape in table["output_shape"]]
    totals = table[["parameters", "trainable_parameters", "multiply_adds"]].sum(skipna=False)
    table.loc[len(table)] = ["total", "", "", *totals]
    return table


def join_blocks(rows: Sequence[LayerRow | LayerNode]) -> list[LayerRow]:
    """Return rows as they are, but for the layers of a block of a backbone: one row for all."""
    groups = groupby(rows, key=lambda row: getattr(row, "block", None) or row.name)
    return [_join_rows(list(members)) for _, members in groups]


def _join_rows(rows: Sequence[LayerRow | LayerNode]) -> LayerRow:
    last = rows[-1]
    block = getattr(last, "block", None)
    if block is None:
        return LayerRow(**{name: getattr(last, name) for name in LayerRow._fields})
    costs = [row.multiply_adds for row in rows]
    return LayerRow(
        f"{BACKBONE}_{block}",
        BLOCK,
        last.output_shape,
        sum(row.parameters for row in rows),
        sum(row.trainable_parameters or 0 for row in rows),
        None if None in costs else sum(filter(None, costs)),
    )


def find_backbone(layers: Sequence[NamedLayer]) -> Backbone | None:
    """Return the pretrained network that a list of layers begins with, if it does."""
    first = layers[0].layer if layers else None
    return first if isinstance(first, Backbone) else None


def _explain_order(earlier: Sequence[NamedLayer]) -> str:
    if find_backbone(earlier):
        return "a second backbone; there can be one, and it is the first layer."
    return (
        f"backbone comes after {list_some([each.kind for each in earlier])}; it takes the picture "
        "itself, so it is the first layer or there is none."
    )


def _read_list(
    entries: Sequence[LayerEntry], where: str, numbers: Counter[str], mistakes: list[str]
) -> list[NamedLayer]:
    """Return the layers of a list; `numbers` counts each kind, also in the lists around it."""
    layers: list[NamedLayer] = []
    for position, entry in enumerate(entries, start=1):
        try:
            kind, layer = _read_layer(entry)
        except LayerError as error:
            mistakes.append(f"{where}, number {position}: {error}")
            continue
        if kind == BACKBONE and (layers or where != WHOLE):
            mistakes.append(f"{where}, number {position}: {_explain_order(layers)}")
        numbers[kind] += 1
        named = NamedLayer(f"{kind}_{numbers[kind]}", kind, layer)
        if isinstance(layer, Residual):
            inside = f"{where}, number {position} ({kind})"
            branch = _read_list(layer.layers, inside, numbers, mistakes)
            named = named._replace(branch=tuple(branch))
        layers.append(named)
    return layers


def _walk_list(layers: Sequence[NamedLayer], shape: Shape, where: str) -> list[LayerRow]:
    rows: list[LayerRow] = []
    for position, named in enumerate(layers, start=1):
        arriving = rows[-1].output_shape if rows else shape
        rows += _walk_layer(named, arriving, f"{where}, number {position} ({named.kind})")
    return rows


def _walk_layer(named: NamedLayer, shape: Shape, where: str) -> list[LayerRow]:
    """Return the row of a layer, or those of a residual: of its layers, then of the addition."""
    layer, rows = named.layer, _walk_list(named.branch, shape, where)
    try:
        if isinstance(layer, Residual):
            made, around = rows[-1].output_shape, shape
            for name, each in layer.make_projection(shape, made).items():
                rows.append(_make_row(f"{name}_{named.number}", each, around))
                around = rows[-1].output_shape
            return [*rows, LayerRow(f"add_{named.number}", "add", made, 0, 0, 0)]
        return [_make_row(named.name, layer, shape)]
    except ShapeError as error:
        arriving = "x".join(map(str, shape))
        raise LayerError(f"{where}: {arriving} arrives: {error}.") from error


def _make_row(name: str, layer: Layer, shape: Shape) -> LayerRow:
    leaving = layer.output_shape(shape)  # first, since it says what is wrong
    # Those of a backbone are counted when it is there.
    cost = None if isinstance(layer, Backbone) else layer.count_multiply_adds(shape)
    counts = layer.count_parameters(shape), layer.count_trainable(shape), cost
    return LayerRow(name, name_kind(layer), leaving, *counts)


def _read_layer(entry: LayerEntry) -> tuple[str, Layer]:
    if isinstance(entry, str):
        entry = {entry: None}
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise LayerError(
            "expected one layer with its arguments, such as 'dense: {units: 128}', "
            f"found {entry!r}."
        )
    ((kind, arguments),) = entry.items()
    if kind not in LISTED:
        raise LayerError(f"layer {suggest(str(kind), LISTED)}")
    if not isinstance(arguments, Mapping | None):
        raise LayerError(
            f"{kind} is {arguments!r}; its arguments are named: "
            f"{', '.join(LISTED[kind].model_fields) or 'it has none'}."
        )
    try:
        return kind, LISTED[kind].model_validate(arguments or {})
    except ValidationError as error:
        raise LayerError(_describe_arguments(kind, error)) from error


def _describe_arguments(kind: str, error: ValidationError) -> str:
    return " ".join(_describe_argument(kind, detail) for detail in error.errors())


def _describe_argument(kind: str, detail: Any) -> str:
    match detail["type"], detail["loc"]:
        case "extra_forbidden", (name, *_):
            return f"argument of {kind} {suggest(str(name), LISTED[kind].model_fields)}"
        case "missing", (name,):
            return f"{kind} needs the argument {name!r}."
        case _, ():  # arguments that do not go together
            return f"{kind}: {detail['msg'].removeprefix('Value error, ').rstrip('.')}."
    name = detail["loc"][0]
    return f"{kind}.{name} is {detail['input']!r}: {detail['msg'].lower()}."
