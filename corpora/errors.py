"""What a user of corpora can cause."""

from ocrbase.errors import UserError


class CorpusError(UserError):
    """A corpus that is unknown, unreadable or too short; one line, with the way out."""
