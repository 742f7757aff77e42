"""All tests share one cache of simulator builds, in the repository unless NEURALJET_CACHE says otherwise."""

import os
from pathlib import Path

os.environ.setdefault("NEURALJET_CACHE", str(Path(__file__).resolve().parent.parent / ".cache"))
os.environ["XDG_STATE_HOME"] = str(
    Path(os.environ["NEURALJET_CACHE"]) / "state"
)  # so that tests do not touch the user's own
