"""A dask cluster as the place where shards are drawn; needs the extra `ocrgen[dask]`."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from datagen.errors import WorkerError

CONNECT_S = 10.0  # for a scheduler to answer
PATIENCE_S = 60.0  # for a cluster without any worker to get one again
_LOOK_S = 1.0  # between looks at the workers


@contextmanager
def connected(scheduler: str | None) -> Iterator[None]:
    """Connect to a running scheduler for the length of the block; joblib finds the connection.

    The workers must see the user's data under the same paths, and the output too, unless it lies in
    an object store. Work of a worker that dies goes to another one; where none is left, or dask
    gives up, the block ends.

    Args:
        scheduler: its address, `tcp://HOST:PORT`.

    Raises:
        WorkerError: without dask, without an address, if no scheduler answers there, or if the
            cluster fails while work is under way.
    """
    try:
        import distributed
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker
    except ModuleNotFoundError as error:
        raise WorkerError("--backend dask needs dask: pip install 'ocrgen[dask]'") from error
    if scheduler is None:
        raise WorkerError("--backend dask needs --scheduler tcp://HOST:PORT of a running cluster")
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"no dask scheduler answers at {scheduler}: {error}; start one with 'dask scheduler'"
        ) from error
    try:
        with client:
            yield
    except KilledWorker as error:
        raise WorkerError(
            "a shard ended every dask worker that tried it, as when memory runs out; what was"
            " finished is kept: give workers more memory, and run the same command again"
        ) from error
    except (CancelledError, CommClosedError, TimeoutError) as error:
        raise WorkerError(_lost("does not answer any more, or has no worker")) from error


class ClusterWatch:
    """Looks after a cluster while a client waits for its work, and tells when it is lost.

    dask itself waits for a worker for ever, and joblib for a client that gave its scheduler up.

    Args:
        client: a `distributed.Client`.
        fail: called once, from another thread, with what is to end the wait.
    """

    def __init__(self, client: Any, fail: Callable[[WorkerError], None]) -> None:
        self._client, self._fail = client, fail
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="dask watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()

    def _look(self) -> None:
        seen = time.monotonic()
        while not self._ended.wait(_LOOK_S):
            if self._client.status in ("closing", "closed"):
                self._fail(WorkerError(_lost("does not answer any more")))
                return
            if self._workers() != 0:
                seen = time.monotonic()
            elif time.monotonic() - seen > PATIENCE_S:
                self._fail(WorkerError(_lost(f"has had no worker for {PATIENCE_S:.0f} s")))
                return

    def _workers(self) -> int | None:
        """How many there are; None while the scheduler cannot be asked."""
        try:
            return len(self._client.ncores())
        except (OSError, RuntimeError, CancelledError, TimeoutError, AttributeError):
            return None  # a client that is closing has no scheduler to ask


def _lost(what: str) -> str:
    return (
        f"the dask cluster {what}; what was finished is kept: see that scheduler and workers"
        " ('dask worker ADDRESS') run, and give the same command again"
    )
