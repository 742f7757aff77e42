"""python -m tests.benchmarks.damage: a thousand altered bytes over the files that commands load.

Every file of a folder is altered in turn at random places: bits flipped, bytes set, inserted, deleted and repeated, the
end cut off; JSON entry by entry too, with values of other types, NaN, huge and negative ones. Right is a refusal in one
sentence, or no effect on any result. The exit status is 1 when a result was another one or there was a traceback.

A part is a module with NAME and run(folder, count, seed), see accelerator.py.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.damage import accelerator, bitstream, run
from tests.benchmarks.damage.alter import BAD, CHANGED, CRASHED, REFUSED, UNCHANGED

PARTS = {part.NAME: part for part in (accelerator, bitstream, run)}
COLUMNS = (REFUSED, UNCHANGED, CHANGED, CRASHED)


def main() -> int:
    """Run the parts; print a row per kind of file, what went wrong, and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--count", type=int, default=1000, help="alterations of each part")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    started, results, worst = time.perf_counter(), {}, []
    print(f"{'part':12} {'file':28} " + " ".join(f"{name:>12}" for name in COLUMNS))
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="neuraljet-damage-") as temporary:
            os.environ["XDG_STATE_HOME"] = f"{temporary}/state"  # not what the user built
            for kind, tally in PARTS[name].run(Path(temporary), options.count, options.seed):
                counts = {column: tally.outcomes[column] for column in COLUMNS}
                print(f"{name:12} {kind:28} " + " ".join(f"{counts[column]:12d}" for column in COLUMNS), flush=True)
                results[f"{name}: {kind}"] = counts
                worst += [f"{name}: {what}" for what in tally.worst]
    for what in worst:
        print(f"wrong: {what}")
    total = {column: sum(counts[column] for counts in results.values()) for column in COLUMNS}
    print(", ".join(f"{number} {column}" for column, number in total.items()))
    print(json.dumps({"seed": options.seed, "results": results, "seconds": round(time.perf_counter() - started, 1)}))
    return 1 if any(total[column] for column in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
