"""A progress bar on stderr with rate and time left, fed by (done, total)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for the length of the block; gives the function that moves it.

    Args:
        unit: what is counted, with a leading space.
    """
    from tqdm import tqdm

    with tqdm(total=0, unit=unit, unit_scale=True, smoothing=0.1, delay=0.5) as moved:

        def progress(done: int, total: int) -> None:
            moved.total = total
            moved.update(done - moved.n)

        yield progress
