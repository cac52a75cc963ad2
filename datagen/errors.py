"""What a user can cause: one family of exceptions, each message one line.

A message names the value, the limit and the way out, and lists all offenders. The command line
prints it and exits with 1; any other exception is a bug and shows its traceback.
"""

from corpora.errors import CorpusError
from fonts.errors import FontError


class UserError(Exception):
    """Base of the family; never raised itself."""


class AlphabetError(UserError):
    """A character list that cannot serve as an alphabet, or text outside of one."""


class SettingsError(UserError):
    """Settings out of range, unknown keys, or settings that contradict an existing folder."""


class RenderError(UserError):
    """A line that cannot be drawn, or a class that no chosen face holds."""


class ShardError(UserError):
    """A shard, sidecar or dataset folder that is missing, truncated or of another version."""


class ImageError(UserError):
    """Bytes that are no readable image, or images that do not fit together."""


class ExchangeError(UserError):
    """A foreign dataset that cannot be read, or that has more bad rows than allowed."""


class WorkerError(UserError):
    """A worker that ended without a result."""


USER_ERRORS = (UserError, CorpusError, FontError)  # one line of text and exit code 1


def listed(offenders: list[str], most: int = 8) -> str:
    """Join the offenders of a message, the first `most` by name and the rest as a count."""
    shown = ", ".join(offenders[:most])
    rest = len(offenders) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
