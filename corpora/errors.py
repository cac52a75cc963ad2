"""What a user of this room can cause."""


class CorpusError(Exception):
    """A corpus that is unknown, unreadable or too short; one line, with the way out."""
