"""Records from disk: JSON and TOML decoded into typed structs, or one line naming file and field.

A record's type is a `msgspec.Struct` or a dataclass; limits of its fields are written as
`Annotated[int, Meta(ge=0)]`. Keys that the type lacks are passed over, unless it forbids them, so
that a newer release may add some.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ocrbase.errors import InputError, UserError
from ocrbase.inputs import MAX_BYTES, read_bytes, read_text

MAX_TOML_BYTES = 1 << 20
_MAX_DOTS = 64  # of the keys on a TOML line: the parser's time grows with their square

Record = TypeVar("Record")

_FIELD = re.compile(r" - at (?:`key` in )?`\$\.?(.*)`$")
_SURROGATE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'')


def read_json(
    path: Path,
    cls: type[Record],
    *,
    max_bytes: int = MAX_BYTES,
    error: type[UserError] = InputError,
) -> Record:
    """Read a JSON file as a record.

    Args:
        path: a regular file of at most `max_bytes`.
        cls: the record's type.
        error: class of what is raised.

    Raises:
        UserError: of the class `error`, one line that names the file, the field and the type.
    """
    return decode(read_bytes(path, max_bytes, error=error), cls, str(path), error=error)


def decode(
    data: bytes | str, cls: type[Record], where: str, *, error: type[UserError] = InputError
) -> Record:
    """Decode JSON as a record; `where` names it in messages.

    Raises:
        UserError: of the class `error`, one line that names the field and the type.
    """
    try:
        return msgspec.json.decode(data, type=cls)
    except msgspec.ValidationError as reason:
        raise error(f"{where}: {_problem(reason)}") from reason
    except RecursionError as reason:
        raise error(f"{where}: nested too deeply") from reason
    except UnicodeError as reason:
        raise error(f"{where} is no valid JSON: its text is not UTF-8") from reason
    except msgspec.DecodeError as reason:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        lone = _SURROGATE.search(text)
        problem = f"{lone[0]} is half a character" if lone else _lowered(str(reason))
        raise error(f"{where} is no valid JSON: {problem}") from reason


def convert(
    value: Any, cls: type[Record], where: str, *, error: type[UserError] = InputError
) -> Record:
    """Make a record of plain dictionaries, lists and values; `where` names it in messages.

    Raises:
        UserError: of the class `error`, one line that names the field and the type.
    """
    try:
        return msgspec.convert(value, cls)
    except msgspec.ValidationError as reason:
        raise error(f"{where}: {_problem(reason)}") from reason
    except RecursionError as reason:
        raise error(f"{where}: nested too deeply") from reason
    except UnicodeError as reason:
        raise error(f"{where}: text with a lone surrogate, which is no character") from reason


def encode(record: Any) -> str:
    """A record as JSON text, indented by one, keys in the order of its fields."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1).decode() + "\n"


def read_toml(path: Path, *, error: type[UserError] = InputError) -> dict[str, Any]:
    """Read a TOML file into plain dictionaries, lists and values.

    Raises:
        UserError: of the class `error`, one line that names the file and the place in it.
    """
    return parse_toml(read_text(path, MAX_TOML_BYTES, error=error), str(path), error=error)


def parse_toml(text: str, where: str, *, error: type[UserError] = InputError) -> dict[str, Any]:
    """Parse TOML text; `where` names it in messages.

    Raises:
        UserError: of the class `error`, one line that names the place in the text.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > _MAX_DOTS and _QUOTED.sub("", line).count(".") > _MAX_DOTS:
            raise error(f"{where} is no TOML: line {number:,} nests too deeply")
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as reason:
        raise error(f"{where} is no TOML: {_lowered(str(reason))}") from reason
    except RecursionError as reason:
        raise error(f"{where} is no TOML: nested too deeply") from reason
    except ValueError as reason:  # dates that do not exist, numbers of thousands of digits
        raise error(f"{where} is no TOML: {_lowered(str(reason))}") from reason


def _problem(reason: msgspec.ValidationError) -> str:
    """`faces[0].weight: expected int, got str`, of msgspec's message."""
    text = str(reason)
    field = _FIELD.search(text)
    said = _lowered(text[: field.start()] if field else text).replace("`", "")
    return f"{field[1]}: {said}" if field and field[1] else said


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
