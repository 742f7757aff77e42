"""Beginning with the first layers of a network that other pictures trained: edges and corners look alike everywhere."""

from pathlib import Path

from bnn.errors import UserError
from bnn.model.network import ConvBlock, Network
from bnn.training.trained import load_trained


def begin_with(network: Network, run: Path) -> int:
    """Copy the leading blocks of a finished run into `network` as far as they fit; return how many.

    A block fits when it is of the same form and all its weights have the same shapes. The first that does not fit ends
    the copying: it and all behind it keep their random weights, and so does the classifier. UserError when not even
    the first block fits, or when `run` is no finished run.
    """
    theirs = load_trained(run).network
    taken = 0
    for mine, other in zip(network.blocks, theirs.blocks, strict=False):
        difference = _difference(mine, other)
        if difference:
            if taken == 0:
                raise UserError(
                    f"no layer of {run} fits this network: in block 0 {difference}; give a run whose pictures have as "
                    "many colours and whose network begins alike, or leave --init out"
                )
            break
        mine.load_state_dict(other.state_dict())
        taken += 1
    return taken


def _difference(mine: ConvBlock, other: ConvBlock) -> str:
    """Return in what two blocks differ, for people; empty when nothing does."""
    if type(mine.conv) is not type(other.conv):
        return f"the layer is {mine.conv.form} here and {other.conv.form} there"
    own, found = mine.state_dict(), other.state_dict()
    for name in sorted(own.keys() | found.keys()):
        here, there = (list(state[name].shape) if name in state else "missing" for state in (own, found))
        if here != there:
            return f"{name} is {here} here and {there} there"
    return ""
