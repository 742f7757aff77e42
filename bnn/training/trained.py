"""The network of a finished run, with its latent weights, to learn from or to go on with."""

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load

from bnn.errors import UserError
from bnn.model.network import Network
from bnn.qonnx.read import read_qonnx
from bnn.training.runs import MODEL, WEIGHTS, finished, request_of


@dataclass(frozen=True, eq=False)
class Trained:
    """A network before freezing, in evaluation mode, and what it tells apart."""

    network: Network
    classes: tuple[str, ...]


def load_trained(run: Path) -> Trained:
    """Read the network of a finished run. UserError when its files are not as training wrote them."""
    finished(run)
    asked = request_of(run)
    network = Network(asked.network, read_qonnx(run / MODEL).input_shape, len(asked.pictures.classes))
    try:
        network.load_state_dict(load((run / WEIGHTS).read_bytes()))
    except (SafetensorError, RuntimeError) as error:
        raise UserError(
            f"{run / WEIGHTS} does not fit a network of this version ({str(error).splitlines()[0][:200]}); train again"
        ) from None
    return Trained(network.eval(), asked.pictures.classes)
