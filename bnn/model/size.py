"""How large a network is, in what was learned."""

import math

from bnn.model.forms.selected import Selection
from bnn.model.layers import BinaryWeight, Norm
from bnn.model.network import Classifier, Network


def size_of(network: Network) -> dict[str, int]:
    """Return how much of a network is learned and kept: `parameters`, and the `bits` that they take.

    A binary weight is one parameter of one bit, a selected jet one of the bits that count its choices. A channel's
    norm becomes a threshold and a class' bias a number; each is one parameter of 16 bits.
    """
    parameters = bits = 0
    for module in network.modules():
        if isinstance(module, BinaryWeight):
            count, each = module.weight.numel(), 1
        elif isinstance(module, Selection):
            count, each = module.weight[..., 0].numel(), math.ceil(math.log2(len(module.table)))
        elif isinstance(module, Norm):
            count, each = module.num_features, 16
        elif isinstance(module, Classifier):
            count, each = module.bias.numel(), 16
        else:
            continue
        parameters, bits = parameters + count, bits + count * each
    return {"parameters": parameters, "bits": bits}
