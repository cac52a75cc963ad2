"""What a user can cause: one family of exceptions, each message one line.

A message names the value, the limit and the way out, and lists all offenders. The command line
prints it and exits with 1; any other exception is a bug and shows its traceback.
"""


class UserError(Exception):
    """Base of the family; never raised itself. As a string it is one printable line."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class SettingsError(UserError):
    """Settings out of range, unknown keys, or settings that contradict an existing folder."""


class DiskError(UserError):
    """A disk that is full, or a place that may not be written."""


class InputError(UserError):
    """A file that cannot be read, or whose content is not what it should be."""


def one_line(text: str) -> str:
    """A text that may quote anything, names of files included, as one line of valid Unicode.

    Control characters, line separators and lone surrogates (which file names that are not UTF-8
    turn into) are written as escapes.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character == "\u3000"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def listed(offenders: list[str], most: int = 8) -> str:
    """Join the offenders of a message, the first `most` by name and the rest as a count."""
    shown = ", ".join(offenders[:most])
    rest = len(offenders) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
