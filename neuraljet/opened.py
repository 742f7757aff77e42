"""A run or an accelerator folder, opened for its network alone: nothing in it is run."""

from dataclasses import dataclass
from pathlib import Path

from bnn.data.frames import Fit
from bnn.data.source import DataSource, parse_source
from bnn.errors import UserError
from bnn.integer.decision import FILE as POINT
from bnn.integer.intervals import signed_bits
from bnn.integer.network import SCORES, IntegerNetwork
from bnn.qonnx.read import read_qonnx
from bnn.storage.records import parse_json, sha256
from finn_build import manifest as manifests
from finn_build.folders import ACCELERATOR
from finn_build.manifest import Manifest
from finn_build.operating import PointFile, load_point

MODEL, VERIFICATION = "model.onnx", "verification.json"


@dataclass(frozen=True, eq=False)
class Opened:
    """What a folder holds."""

    folder: Path
    network: IntegerNetwork
    model_sha256: str
    manifest: Manifest | None  # of an accelerator folder; None of a run
    source: DataSource | None  # of the pictures that it was trained on; None when the network does not say

    def fit(self, bits: int | None = None) -> Fit:
        """Return how a picture becomes a frame. bits: of 16-bit pictures, where training did not see such ones."""
        channels, height, width = self.network.input_shape
        known = self.source.bits if self.source else None
        if bits is not None and known not in (None, bits):
            raise UserError(f"--bits {bits}: the 16-bit pictures of training use {known} bits; leave the option out")
        return Fit(height, width, channels, known or bits, self.source.camera if self.source else None)

    def operating_point(self) -> PointFile | None:
        """Return the operating point that `neuraljet tune` left in the folder, None where it did not."""
        path = self.folder / POINT
        if not path.exists():
            return None
        scores = self.network.intervals()[SCORES]
        bits = self.manifest.output.value_bits if self.manifest else signed_bits(*scores)
        return load_point(path, self.network.classes, bits, self.model_sha256)

    def latency(self) -> int | None:
        """Return the clocks from the last pixel to the class as `verify` measured them; None when it did not yet."""
        path = self.folder / VERIFICATION
        if self.manifest is None or not path.is_file():
            return None
        try:
            content = parse_json(path.read_bytes())
            clocks = content["latency_cycles"] if content["model_sha256"] == self.model_sha256 else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return clocks if isinstance(clocks, int) else None


def open_folder(folder: str | Path, maps: bool = False) -> Opened:
    """Open a finished run or an accelerator; UserError when the folder is neither, or is damaged.

    maps: the caller takes accelerators of a map of cells, too.
    """
    folder, manifest = Path(folder), None
    if ACCELERATOR.described(folder) or (folder / ACCELERATOR.file).is_file():
        manifest = manifests.load(folder)
        if not maps:
            manifest.require_one_result(folder)
    else:
        from bnn.training.runs import finished

        finished(folder)
    path = folder / MODEL
    network = read_qonnx(path)
    try:
        source = parse_source(parse_json(network.metadata.get("neuraljet.data", "{}").encode()))
    except ValueError as error:
        raise UserError(f"{path}: its metadata neuraljet.data is damaged ({error}); build or train it again") from None
    return Opened(folder, network, sha256(path), manifest, source)
