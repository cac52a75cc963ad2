"""What a user can cause: one family of exceptions, each message one line.

A message names the value, the limit and the way out, and lists all offenders. The command line
prints it and exits with 1; any other exception is a bug and shows its traceback.
"""


class UserError(Exception):
    """Base of the family; never raised itself."""


class SettingsError(UserError):
    """Settings out of range, unknown keys, or settings that contradict an existing folder."""


class DiskError(UserError):
    """A disk that is full, or a place that may not be written."""


def listed(offenders: list[str], most: int = 8) -> str:
    """Join the offenders of a message, the first `most` by name and the rest as a count."""
    shown = ", ".join(offenders[:most])
    rest = len(offenders) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
