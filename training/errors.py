"""What a user of training can cause; the command line prints the one line and exits with 1."""

from ocrbase.errors import UserError


class ModelError(UserError):
    """A network that cannot be built as asked."""


class CheckpointError(UserError):
    """A model or state file that is missing, damaged, or of another alphabet or version."""


class FitError(UserError):
    """A training run that cannot start, or had to stop."""


class ReadError(UserError):
    """Reading, evaluation or export that cannot start, or a language model that does not fit."""


def first_line(error: BaseException) -> str:
    """The first line of what a library said, or what it raised."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
