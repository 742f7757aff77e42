"""Operating point files as `neuraljet tune` writes them."""

from bnn.integer.decision import OperatingPoint
from finn_build.operating import FILE, FORMAT, VERSION, Found, PointFile, Rate

NONE = Found("none", Rate(0, 0, 0.0, 1.0), Rate(0, 0, 0.0, 1.0), Rate(0, 0, 0.0, 1.0))


def write_point(folder, classes, model_sha256, offsets, least_margin=0):
    """Write operating_point.json into `folder`; return the point."""
    found = PointFile(
        FORMAT, VERSION, tuple(classes), classes[0], tuple(offsets), least_margin, "by hand", NONE, NONE, model_sha256
    )
    (folder / FILE).write_text(found.sealed().to_json())
    return OperatingPoint(tuple(offsets), least_margin)
