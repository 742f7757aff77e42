"""Open the engine that a text names, for as long as a block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager

from bnn.engines import cluster
from bnn.engines.futures import Engine
from bnn.engines.local import LocalEngine
from bnn.engines.words import LOCAL, cores, words


@contextmanager
def opened(engine: str = LOCAL, workers: int | None = None) -> Iterator[Engine]:
    """Yield the engine; whatever leaves the block, its workers and all that they started have ended then.

    engine: as `words` reads it. workers: how many tasks run at once, where the text does not say it; None for one a
    core. UserError for an unknown text, for `ray` without that package, and when there is no cluster to join.
    """
    asked = words(engine)
    count = asked.workers or workers
    if asked.address is not None:
        with cluster.joined(asked.address, count) as joined:
            yield joined
    elif asked.kind == LOCAL:
        local = LocalEngine(count or cores())
        try:
            yield local
        finally:
            local.close()
    else:
        with cluster.started(count or cores()) as started:
            yield started
