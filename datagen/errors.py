"""What a user of datagen can cause; the command line prints the one line and exits with 1."""

from ocrbase.errors import UserError


class AlphabetError(UserError):
    """A character list that cannot serve as an alphabet, or text outside of one."""


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
