"""Open the engine that a text names, for as long as a block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager

from bnn.engines.futures import Engine
from bnn.engines.local import LocalEngine
from bnn.engines.words import LOCAL, cores, words
from bnn.errors import UserError


@contextmanager
def opened(engine: str = LOCAL, workers: int | None = None) -> Iterator[Engine]:
    """Yield the engine; whatever leaves the block, its workers and all that they started have ended then.

    engine: as `words` reads it. workers: how many tasks run at once, where the text does not say it; None for one a
    core. UserError for an unknown text, and for `ray` without that package.
    """
    asked = words(engine)
    count = asked.workers or workers
    if asked.kind == LOCAL:
        found: Engine = LocalEngine(count or cores())
    else:
        raise UserError("--engine ray is not there yet")
    try:
        yield found
    finally:
        found.close()
