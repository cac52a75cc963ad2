"""A dask cluster as the place where shards are drawn; needs the extra `ocrgen[dask]`."""

from collections.abc import Iterator
from contextlib import contextmanager

from datagen.errors import WorkerError


@contextmanager
def connected(scheduler: str | None) -> Iterator[None]:
    """Connect to a running scheduler for the length of the block; joblib finds the connection.

    The workers must see the output folder and the user's data under the same paths.

    Raises:
        WorkerError: without dask, without an address, or if no scheduler answers there.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise WorkerError("--backend dask needs dask: pip install 'ocrgen[dask]'") from error
    if scheduler is None:
        raise WorkerError("--backend dask needs --scheduler tcp://HOST:PORT of a running cluster")
    try:
        client = distributed.Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"no dask scheduler answers at {scheduler}: {error}; start one with 'dask scheduler'"
        ) from error
    with client:
        yield
