"""A pool of threads that does not keep an interrupted command waiting."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bnn.system import processes


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of `count` threads; leaving the block waits for them, unless an interruption is what leaves it.

    After an interruption the programs that they wait for are ended and tasks that have not begun are dropped. A thread
    that computes is left to itself.
    """
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except Exception:
        pool.shutdown(cancel_futures=True)
        raise
    except BaseException:  # KeyboardInterrupt
        pool.shutdown(wait=False, cancel_futures=True)
        processes.end_all()
        raise
    pool.shutdown()
