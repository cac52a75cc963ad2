"""The one place that knows joblib: run a task for each shard on several workers."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from datagen.errors import WorkerError

Report = TypeVar("Report")


def run_shards(
    task: Callable[[int], Report], shards: Iterable[int], *, backend: str = "loky", jobs: int = 1
) -> Iterator[Report]:
    """Run `task(k)` for each shard k and yield the reports as they come, in any order.

    At most two tasks a worker wait at a time, so memory does not grow with the number of shards.
    `jobs=1` runs in this process. With `backend="dask"` the caller has opened a
    `distributed.Client`, and joblib's own dask backend hands it the tasks.

    Raises:
        WorkerError: if a worker dies without a result (killed, or out of memory).
    """
    if jobs == 1 and backend in ("loky", "threading"):
        backend = "sequential"
    with joblib.parallel_config(backend=backend, n_jobs=jobs):
        pool = joblib.Parallel(
            return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1
        )
        try:
            yield from pool(joblib.delayed(task)(shard) for shard in shards)
        except TerminatedWorkerError as error:
            raise WorkerError(
                f"a worker died ({_reason(error)}); what was finished is kept: run the same"
                " command again to go on, with a smaller --jobs if memory ran out"
            ) from error


def _reason(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".:")
