"""Seeded ways to damage an input: bytes, text, JSON and option values."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

STRINGS = (
    "", " ", "\0", "\n", "\r\n", "\t", '"', "'", "\\", "..", "../outside", "/etc/passwd",
    "/dev/zero", "~", "-", "--", "%s%n", "{}", "[]", "null", "\x1b[2J", "\u202e文", "\ufeff",
    "\u2028", "𠀀", "e\u0301" * 40, "a" * 300, "文" * 5000, "C:\\x", "file:///x", "x:1", "x:nan",
    ":", "\udcff",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 255, 256, 65_535, 65_536, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64,
    10**12, 10**30, -(2**31), -(2**63), 0.5, -0.5, 1e-300, 1e308, float("nan"), float("inf"),
)  # fmt: skip
VALUES = (None, True, False, *NUMBERS, *STRINGS, [], {}, [None], {"": None}, [[[[]]]])


def mutated(data: bytes, rng: Random) -> bytes:
    """Bytes damaged in one to three ways."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(_BYTE_MUTATIONS)(data, rng)
    return data


def mutated_copy(source: Path, folder: Path, rng: Random) -> Path:
    """A damaged copy of a file, under its own name in another folder."""
    target = folder / source.name
    target.write_bytes(mutated(source.read_bytes(), rng))
    return target


def mutated_lines(text: str, rng: Random) -> bytes:
    """A text of lines with some of them damaged, in UTF-8 or, rarely, in another encoding."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 4))):
        lines = rng.choice(_LINE_MUTATIONS)(lines, rng) or [""]
    encoding = rng.choice(("utf-8",) * 12 + ("utf-16", "gb18030", "utf-8-sig", "utf-32"))
    joined = rng.choice(("\n",) * 8 + ("\r\n", "\r")).join(lines)
    data = joined.encode(encoding, "replace" if encoding != "utf-8" else "surrogateescape")
    return mutated(data, rng) if rng.random() < 0.2 else data


def mutated_json(text: str, rng: Random) -> bytes:
    """JSON with some values, keys or nesting changed; sometimes no JSON any more."""
    value = json.loads(text)
    for _ in range(rng.choice((1, 1, 2, 3))):
        value = _changed(value, rng)
    data = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    chance = rng.random()
    if chance < 0.15:
        data = mutated(data, rng)
    elif chance < 0.2:
        deep = rng.choice((100, 2_000, 200_000))
        data = b"[" * deep + data + b"]" * rng.choice((deep, 0))
    return data


def option_value(rng: Random) -> str:
    """What somebody, or a script, may write after an option; no NUL, which no shell can pass."""
    number = rng.choice(NUMBERS)
    text = rng.choice((*STRINGS, str(number), f"{number}-{rng.choice(NUMBERS)}", f"x:{number}"))
    return text.replace("\0", "")


def _flip(data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 32))):
        if changed:
            changed[_place(len(changed), rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, rng: Random) -> bytes:
    start, stop = _span(len(data), rng)
    filler = rng.choice((b"\0", b"\xff", b" ", b"9", b"\n", b"\x80"))
    return data[:start] + filler * (stop - start) + data[stop:]


def _truncate(data: bytes, rng: Random) -> bytes:
    return data[: rng.choice((0, 1, len(data) // 2, len(data) - 1, rng.randint(0, len(data))))]


def _repeat(data: bytes, rng: Random) -> bytes:
    start, stop = _span(len(data), rng)
    return data[:stop] + data[start:stop] * rng.choice((1, 1, 2, 20)) + data[stop:]


def _cut_out(data: bytes, rng: Random) -> bytes:
    start, stop = _span(len(data), rng)
    return data[:start] + data[stop:]


def _insert(data: bytes, rng: Random) -> bytes:
    place = _place(len(data) + 1, rng)
    return data[:place] + rng.randbytes(rng.choice((1, 2, 8, 100))) + data[place:]


def _header_number(data: bytes, rng: Random) -> bytes:
    """An extreme number where a binary format may have one."""
    kind = rng.choice("BHIQ")
    size = struct.calcsize(kind)
    top = 256**size - 1
    number = rng.choice((0, 1, top, top // 2, top // 2 + 1, top // 3, min(top, 65_536)))
    place = _place(max(1, len(data) - size), rng)
    return data[:place] + struct.pack(rng.choice("<>") + kind, number) + data[place + size :]


def _digits(data: bytes, rng: Random) -> bytes:
    """Another number in place of one that is written in digits."""
    digits = [i for i, byte in enumerate(data[:100_000]) if 48 <= byte <= 57]
    if not digits:
        return _flip(data, rng)
    start = stop = rng.choice(digits)
    while stop < len(data) and 48 <= data[stop] <= 57:
        stop += 1
    return data[:start] + str(rng.choice(NUMBERS)).encode() + data[stop:]


def _swap(data: bytes, rng: Random) -> bytes:
    start, stop = _span(len(data), rng)
    middle = rng.randint(start, stop)
    return data[:start] + data[middle:stop] + data[start:middle] + data[stop:]


def _other(data: bytes, rng: Random) -> bytes:
    return rng.choice((b"", b"\0" * 4096, rng.randbytes(4096), b"\x1f\x8b\x08" + data, data + data))


def _place(length: int, rng: Random) -> int:
    """An offset, as often near the beginning, where headers are, as anywhere."""
    return rng.randrange(max(1, min(length, rng.choice((16, 128, length)))))


def _span(length: int, rng: Random) -> tuple[int, int]:
    start = _place(length, rng)
    return start, min(length, start + rng.choice((1, 2, 4, 16, 256, length)))


def _line_token(lines: list[str], rng: Random) -> list[str]:
    """A hostile word in place of, or inside, a field of a line."""
    row = rng.randrange(len(lines))
    fields = lines[row].split("\t") if "\t" in lines[row] else lines[row].split(" ")
    column, word = rng.randrange(len(fields)), rng.choice(STRINGS)
    fields[column] = rng.choice((word, word + fields[column], fields[column] + word))
    joined = rng.choice(("\t", "\t", " ", ",")).join(fields)
    return [*lines[:row], joined, *lines[row + 1 :]]


def _line_number(lines: list[str], rng: Random) -> list[str]:
    row = rng.randrange(len(lines))
    return [*lines[:row], f"{lines[row]} {rng.choice(NUMBERS)}", *lines[row + 1 :]]


def _line_separator(lines: list[str], rng: Random) -> list[str]:
    row = rng.randrange(len(lines))
    swapped = lines[row].replace("\t", rng.choice(("", " ", ",", "\t\t")))
    return [*lines[:row], swapped, *lines[row + 1 :]]


def _line_repeat(lines: list[str], rng: Random) -> list[str]:
    row = rng.randrange(len(lines))
    return lines[:row] + lines[row : row + 1] * rng.choice((2, 50)) + lines[row:]


def _line_drop(lines: list[str], rng: Random) -> list[str]:
    row = rng.randrange(len(lines))
    return lines[:row] + lines[row + 1 :]


def _line_insert(lines: list[str], rng: Random) -> list[str]:
    row = rng.randrange(len(lines) + 1)
    return [*lines[:row], rng.choice(STRINGS), *lines[row:]]


def _changed(value: Any, rng: Random) -> Any:
    """A JSON value with one node replaced, removed, renamed, doubled or wrapped."""
    inner = list(value) if isinstance(value, dict) else range(len(value)) if _is_list(value) else []
    if not inner or rng.random() < 0.15:
        return rng.choice((rng.choice(VALUES), [value], {"x": value}))
    key = rng.choice(list(inner))
    copied = dict(value) if isinstance(value, dict) else list(value)
    chance = rng.random()
    if chance < 0.6:
        copied[key] = _changed(value[key], rng)
    elif chance < 0.75:
        del copied[key]
    elif isinstance(copied, dict):
        copied[rng.choice(STRINGS)] = copied.pop(key)
    else:
        copied += [value[key]] * rng.choice((1, 3))
    return copied


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


_ByteMutation = Callable[[bytes, Random], bytes]
_BYTE_MUTATIONS: tuple[_ByteMutation, ...] = (
    _flip, _flip, _overwrite, _truncate, _repeat, _cut_out, _insert, _header_number,
    _header_number, _digits, _swap, _other,
)  # fmt: skip
_LineMutation = Callable[[list[str], Random], list[str]]
_LINE_MUTATIONS: tuple[_LineMutation, ...] = (
    _line_token, _line_token, _line_token, _line_number, _line_separator, _line_repeat, _line_drop,
    _line_insert,
)  # fmt: skip
