"""The one place that knows joblib: run a task for each shard on several workers."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Any, TypeVar

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from datagen.errors import WorkerError
from datagen.worker_process import at_work, deaf_to_interrupts, end_with, orphaned

Report = TypeVar("Report")

_MIN_CLUSTER_JOBS = 16
_SLOW_START = "A worker stopped while some jobs were given"  # joblib's guess; a new one comes


def run_shards(
    task: Callable[[int], Report], shards: Iterable[int], *, backend: str = "loky", jobs: int = 1
) -> Iterator[Report]:
    """Run `task(k)` for each shard k and yield the reports as they come, in any order.

    Few tasks wait at a time, two per worker, so memory does not grow with the number of shards.
    `jobs=1` runs in this process. Worker processes end within seconds of this one, however it
    ends. With `backend="dask"` the caller has opened a `distributed.Client`, and joblib's own dask
    backend hands it the tasks; its workers finish the shard at hand when the client is gone.

    Raises:
        WorkerError: if a worker dies without a result (killed, or out of memory).
    """
    if jobs == 1 and backend in ("loky", "threading"):
        backend = "sequential"
    where = _dask_backend() if backend == "dask" else backend
    # From its first moment on: a worker that has no task yet would wait for one for ever.
    watch = {"initializer": end_with, "initargs": (os.getpid(),)} if backend == "loky" else {}
    warnings.filterwarnings("ignore", _SLOW_START)
    with joblib.parallel_config(backend=where, n_jobs=jobs, **watch):
        pool = joblib.Parallel(
            return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1
        )
        try:
            call = _Call(task, os.getpid() if backend == "loky" else None)
            with deaf_to_interrupts() if backend == "loky" else nullcontext():
                reports = pool(joblib.delayed(call)(shard) for shard in shards)  # starts workers
            yield from reports
        except TerminatedWorkerError as error:
            raise WorkerError(
                f"a worker died ({_reason(error)}); what was finished is kept: run the same"
                " command again to go on, with a smaller --jobs if memory ran out"
            ) from error


class _Call:
    """A task that can be hashed, as joblib's dask backend silently needs it.

    Args:
        task: to run.
        parent: process that its worker ends with; None where others look after workers.
    """

    def __init__(self, task: Callable[[int], Any], parent: int | None) -> None:
        self.task, self.parent = task, parent

    def __call__(self, shard: int) -> Any:
        if self.parent is None:
            return self.task(shard)
        try:
            with at_work():
                return self.task(shard)
        except KeyboardInterrupt:
            if orphaned(self.parent):
                os._exit(1)  # there is nobody to tell
            raise


def _dask_backend() -> Any:
    """joblib's dask backend with two gaps closed.

    A task that killed several workers, or was cancelled, ends with an error outside of the task's
    own code; joblib hears of it only through the callback, which its backend leaves out then, and
    would wait for ever, as it would for a cluster that is gone. And a cluster that has one thread
    as yet would get no work: joblib takes one job to mean this process.
    """
    from joblib._dask import DaskDistributedBackend

    from datagen.cluster import ClusterWatch

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            # Twice as many shards wait in the cluster, some of them for workers that join later.
            return max(int(super().effective_n_jobs(n_jobs)), _MIN_CLUSTER_JOBS)

        def start_call(self) -> None:
            super().start_call()
            self.waiting: dict[Any, Callable[[Any], None]] = {}
            self.watch = ClusterWatch(self.client, self.fail)

        def stop_call(self) -> None:
            self.watch.stop()
            super().stop_call()

        def submit(self, func: Any, callback: Any = None) -> Any:
            future = super().submit(func, callback)
            self.waiting[future] = callback

            def tell(done: Any) -> None:
                if self.waiting.pop(done, None) and done.exception() is not None:
                    callback(done.exception())

            future.add_done_callback(tell)
            return future

        def fail(self, error: BaseException) -> None:
            for callback in list(self.waiting.values()):
                callback(error)

    return Backend()


def _reason(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".:")
