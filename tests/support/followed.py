"""The `neuraljet` program, telling after every round which weights this process has.

python -m torch.distributed.run --standalone --nproc_per_node 2 -m tests.support.followed train ...
"""

import hashlib
import os
import sys
from collections.abc import Iterator

from bnn.training.trainer import Tally, Trainer
from neuraljet.cli import main

_whole = Trainer.run_round


def _telling(self: Trainer) -> Iterator[Tally]:
    yield from _whole(self)
    digest = hashlib.sha256(self.parameters.values.detach().numpy().tobytes()).hexdigest()
    line = f"weights process {os.environ['RANK']} round {self.round} {digest}\n"
    os.write(sys.__stdout__.fileno() if sys.__stdout__ else 1, line.encode())  # whole lines, however many write


Trainer.run_round = _telling  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
