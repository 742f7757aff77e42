"""The page of a search: the front as a chart and a table, and what was tried."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bnn.storage.files import write_file
from neuraljet.reporting import html
from neuraljet.reporting.again import network_text
from neuraljet.searching import charts
from neuraljet.searching.folder import FRONT, NETWORKS, PAGE, Beginning, Request
from neuraljet.searching.front import Candidate, as_csv, candidates, front
from neuraljet.searching.halving import rungs
from neuraljet.searching.methods import METHODS
from neuraljet.searching.store import Seen


def write_front(folder: Path, request: Request, begun: Beginning, trials: Sequence[Seen]) -> list[Candidate]:
    """Write front.csv, front.html and the networks of the front; return the front."""
    found = candidates(trials)
    kept = front(found)
    networks = folder / NETWORKS
    networks.mkdir(exist_ok=True)
    for one in kept:
        write_file(networks / f"{one.trial}.toml", network_text(one.network))
    written = {f"{one.trial}.toml" for one in kept}
    for path in networks.glob("*.toml"):  # of networks that were on the front and are beaten now
        if path.name not in written and path.stem.isdecimal():
            path.unlink()
    write_file(folder / FRONT, as_csv(kept))
    write_file(folder / PAGE, page(folder.resolve().name, request, begun, trials))
    return kept


def page(name: str, request: Request, begun: Beginning, trials: Sequence[Seen]) -> str:
    """Return the page of a search."""
    found = candidates(trials)
    kept = front(found)
    default = default_of(found, begun)
    files = html.files()
    chart = charts.accuracy_over_sites(found, kept, default, request.budget.sites) if kept else None
    values: dict[str, Any] = {
        "name": name,
        "kept": kept,
        "default": default,
        "chart": chart,
        "counts": _counts(request, trials),
        "budget": request.budget.words(),
        "method": request.method,
        "shrinks": METHODS[request.method].shrinks,
        "augment": ", ".join(begun.augment),
        "style": Markup(files["style.css"]),
        "script": Markup(files["script.js"]),
        "policy": html.policy(files["script.js"]),
    }
    return html.environment("neuraljet.searching").get_template("front.html").render(values)


def default_of(found: Sequence[Candidate], begun: Beginning) -> Candidate | None:
    """Return the candidate that would be taken without a search."""
    return next((one for one in found if one.network.blocks == begun.default.blocks), None)


def _counts(request: Request, trials: Sequence[Seen]) -> dict[str, Any]:
    steps = rungs(request.config.steps or 0)
    trained = Counter(rung for trial in trials for rung in trial.reached)
    return {
        "trained": sum(bool(trial.reached) for trial in trials),
        "refused": sum(trial.refused for trial in trials),
        "rungs": [(steps[rung], number) for rung, number in sorted(trained.items())],
    }
