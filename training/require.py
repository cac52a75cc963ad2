"""What to install where an optional package is missing."""

from importlib.util import find_spec

from training.errors import ReadError


def require(*packages: str, extra: str) -> None:
    """Refuse to go on without packages that one of the extras brings.

    Raises:
        ReadError: naming them and the command that installs them.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ReadError(f"this needs {' and '.join(missing)}: pip install 'ocrgen[{extra}]'")
