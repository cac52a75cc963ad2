"""Progress bars on stderr with rate and time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpora.fetch import Progress


@contextmanager
def bar(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for the length of the block; gives the function that moves it to (done, total).

    It is drawn on a terminal only, and once the work has taken half a second.

    Args:
        unit: what is counted, with a leading space.
    """
    from tqdm import tqdm

    with tqdm(total=0, unit=unit, unit_scale=True, smoothing=0.1, delay=0.5, disable=None) as moved:

        def progress(done: int, total: int) -> None:
            moved.total = total
            moved.update(done - moved.n)

        yield progress


def download_bar(what: str, total: int | None, so_far: int) -> "Progress":
    """A bar of bytes."""
    from tqdm import tqdm

    bar: Progress = tqdm(
        desc=what, total=total, initial=so_far, unit="B", unit_scale=True, unit_divisor=1024
    )
    return bar
