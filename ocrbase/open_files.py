"""How many files this process may have open, and room for more."""

import contextlib
import resource

OTHER_FILES = 256  # left to the rest of the process


def files_at_once(most: int) -> int:
    """Files that a reader may keep open under the present limit, `most` where there is none."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if allowed == resource.RLIM_INFINITY else min(allowed - OTHER_FILES, most)


def make_room(files: int) -> None:
    """Raise the limit where a reader's files come near it; mostly it is 1,024, if not asked."""
    needed = files + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and needed > soft:
        wished = 2 * needed if hard == resource.RLIM_INFINITY else min(hard, 2 * needed)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
