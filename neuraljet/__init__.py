"""From a folder of pictures to an FPGA accelerator that is proved equal to the trained network.

Each command of the `neuraljet` program is also a function here, with the same arguments:

>>> import neuraljet
>>> neuraljet.train("biscuits", "run", epochs=2)        # doctest: +SKIP
>>> neuraljet.build("run", "accelerator")               # doctest: +SKIP
>>> neuraljet.verify("accelerator")["mismatches"]       # doctest: +SKIP
0
"""

from bnn.errors import UserError
from neuraljet.commands.build import build
from neuraljet.commands.demo import demo
from neuraljet.commands.doctor import doctor
from neuraljet.commands.prove import prove
from neuraljet.commands.synth import synth
from neuraljet.commands.train import train
from neuraljet.commands.verify import verify

__all__ = ["UserError", "build", "demo", "doctor", "prove", "synth", "train", "verify"]
