"""What an accelerator may take, and the network that was chosen for it, as run.json keeps them."""

from dataclasses import dataclass

from bnn.errors import UserError
from bnn.model.options import require_whole
from bnn.storage.records import optional

SITES = 1800  # of an XC7Z010 about a tenth
RAMB18_FULL, RAMB18_FOLDED = 4, 16  # at a pixel per clock, where weights are wired, and at a rate
MOST_SITES, MOST_RAMB18, MOST_FPS = 10**7, 10**5, 10**12


@dataclass(frozen=True)
class Budget:
    """LUT sites and block RAMs that an accelerator may take, and the rate that it has to keep."""

    sites: int
    ramb18: int
    fps: float | None  # None: a pixel per clock

    @classmethod
    def of(cls, sites: int | None = None, fps: float | None = None, ramb18: int | None = None) -> "Budget":
        """Fill in what is None. UserError for a value that is out of range."""
        for name, value, most in (("sites", sites, MOST_SITES), ("ramb18", ramb18, MOST_RAMB18)):
            least = 1 if name == "sites" else 0
            if value is not None:
                require_whole(name, value, least, most)
        if fps is not None and (isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps < MOST_FPS):
            raise UserError(f"fps {fps!r} is not a number above 0")
        blocks = RAMB18_FULL if fps is None else RAMB18_FOLDED
        return cls(
            SITES if sites is None else sites,
            blocks if ramb18 is None else ramb18,
            None if fps is None else float(fps),
        )

    def words(self) -> str:
        """Return the budget for people."""
        rate = "a pixel per clock" if self.fps is None else f"{self.fps:,.10g} frames/s"
        return f"{self.sites:,} LUT sites, {self.ramb18:,} RAMB18 and {rate}"


@dataclass(frozen=True)
class Expected:
    """What a network was estimated to take, with random weights."""

    sites: int
    ramb18: int
    cycles_per_frame: int
    ramb18_sites: int | None = optional(None)  # LUT sites that a RAMB18 was worth; None: what `build` takes by itself


@dataclass(frozen=True)
class Hardware:
    """What a run was trained for."""

    fps: float | None  # that `build` takes when it is not told another; None: a pixel per clock
    budget: Budget | None = None  # that the network was chosen for; None: it was named
    expected: Expected | None = None
