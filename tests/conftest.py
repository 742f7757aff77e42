"""All tests share one cache of simulator builds. It is in the repository unless NEURALJET_CACHE names another place."""

import os
import signal
from pathlib import Path

os.environ.setdefault("NEURALJET_CACHE", str(Path(__file__).resolve().parent.parent / ".cache"))
os.environ["XDG_STATE_HOME"] = str(
    Path(os.environ["NEURALJET_CACHE"]) / "state"
)  # so that tests do not touch the user's own
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # workers share the cores (neuraljet.cli)
# A shell that runs tests in the background may make them ignore these, and the programs that they start inherit it.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
