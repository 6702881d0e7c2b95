"""Learning rates that fall from the head down to the first block of a backbone."""

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backbones.building import find_block


def rate_layers(model: KerasModel, decay: float) -> dict[str | int, float]:
    """Return a factor of the learning rate for each variable of a backbone that is trained.

    The head learns at the full rate, the last block of the backbone at `decay` of it, the block
    before that at `decay` of that, and so on: what is nearest to the picture is most general.

    Args:
        model: that is trained; without a backbone it learns at one rate.
        decay: in (0, 1]; at 1 all learn at one rate.

    Returns:
        Factors by the paths of the variables.

    Source: layer-wise learning rate decay as in Clark et al., "ELECTRA", ICLR 2020.
    """
    if decay == 1:
        return {}
    blocks = [find_block(layer.name) for layer in model.layers]
    order = [*reversed(dict.fromkeys(filter(None, blocks)))]
    factors = {block: decay**depth for depth, block in enumerate(order, start=1)}
    return {
        variable.path: factors[block]
        for layer, block in zip(model.layers, blocks, strict=True)
        if block
        for variable in layer.trainable_variables
    }
