"""All tests share one cache of simulator builds, in the repository unless NEURALJET_CACHE says otherwise."""

import os
import signal
from pathlib import Path

os.environ.setdefault("NEURALJET_CACHE", str(Path(__file__).resolve().parent.parent / ".cache"))
os.environ["XDG_STATE_HOME"] = str(
    Path(os.environ["NEURALJET_CACHE"]) / "state"
)  # so that tests do not touch the user's own
# What runs tests in the background may have them ignore these, and programs that tests start would inherit that.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
