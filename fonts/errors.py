"""What a user of fonts can cause."""

from ocrbase.errors import UserError


class FontError(UserError):
    """A face that is unknown, unreadable or lacks glyphs; one line, with the way out."""
