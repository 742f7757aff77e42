"""How large a network is, in what was learned."""

from bnn.model.forms.selected import Selection
from bnn.model.layers import Norm
from bnn.model.network import Network

FLOAT = ("log_scale",)  # what freezing leaves out


def parameters(network: Network) -> int:
    """Return how many learned numbers the frozen network keeps.

    A bit for each binary weight, a selection for each jet, an integer for each threshold and for each class' bias.
    """
    total = 0
    for module in network.modules():
        if isinstance(module, Selection):
            total += module.weight[..., 0].numel()
        elif isinstance(module, Norm):
            total += module.num_features
        else:
            own = module.named_parameters(recurse=False)
            total += sum(values.numel() for name, values in own if name not in FLOAT)
    return total
