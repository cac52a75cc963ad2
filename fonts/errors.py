"""What a user of this room can cause."""


class FontError(Exception):
    """A face that is unknown, unreadable or lacks glyphs; one line, with the way out."""
