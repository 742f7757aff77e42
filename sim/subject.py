"""What is checked: an accelerator folder that may be run, and the network that it must equal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bnn.errors import UserError
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.read import read_qonnx
from bnn.storage.files import require_room
from bnn.storage.records import Record
from finn_build.manifest import Manifest, load, write_report
from finn_build.trust import opened


@dataclass(frozen=True)
class Subject:
    """An accelerator folder, opened for a check that leaves its report there."""

    acc: Path
    manifest: Manifest
    network: IntegerNetwork  # of its model.onnx
    report: str  # the name of the report's file

    def write(self, record: Record) -> None:
        """Leave the report in the folder; UserError when the accelerator was built again meanwhile."""
        write_report(self.acc, self.manifest, self.report, record)


def seen_by_worker(acc: Path, seal: str) -> Manifest:
    """Return the manifest of an accelerator that a task names. UserError where it is not seen, or another one."""
    if not acc.is_dir():
        raise unseen(acc)
    manifest = load(acc)
    if manifest.seal != seal:
        raise changed(acc)
    return manifest


def unseen(path: Path) -> UserError:
    """Return what is said when a worker does not see a file or folder of the accelerator."""
    return UserError(
        f"a worker does not see {path}: keep the accelerator in a folder that all nodes of the cluster share"
    )


def changed(acc: Path) -> UserError:
    """Return what is said when an accelerator is another one than when a command began."""
    return UserError(f"{acc} was built again or changed while this ran; give the command again")


@contextmanager
def opened_subject(acc: Path, report: str, *, trust: bool, maps: bool = False) -> Iterator[Subject]:
    """Open the accelerator folder `acc` for a check that writes `report` into it; nobody builds it again meanwhile.

    Raise UserError for a folder that is damaged or cannot be written to, that `build` would not write unless `trust` is
    given (see finn_build.trust), when its model.onnx and manifest.json do not belong together, and when it makes a map
    of cells unless the check knows `maps`.
    """
    acc = Path(acc)
    require_room(acc, report)
    with opened(acc, trust=trust, maps=maps) as manifest:
        network = read_qonnx(acc / "model.onnx")
        shape = (manifest.input.channels, manifest.input.height, manifest.input.width)
        if network.input_shape != shape:
            raise UserError(
                f"{acc}: model.onnx takes {network.input_shape} and manifest.json says {shape}; build it again"
            )
        yield Subject(acc, manifest, network, report)
