"""Files over HTTP: resumed where a connection broke, checked against their checksum."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from corpora.errors import CorpusError
from ocrbase.errors import InputError
from ocrbase.homes import OTHER_CACHE
from ocrbase.publishing import disk_errors, flush, publish
from ocrbase.records import encode, read_json

ATTEMPTS = 5  # in a row without a single new byte
_CHUNK_BYTES = 1 << 18
_TIMEOUT_S = 60
OFFLINE = (
    "without a network, fetch the file on another machine and give it with --source and --file,"
    " or add text of your own: ocrgen corpus add NAME FILES"
)
_PAUSE_S = 1.0  # before the second attempt, doubled each time


@dataclass(frozen=True)
class Address:
    """Where a file lies and what it must hash to, as far as that is published."""

    url: str
    checksum: tuple[str, str] | None


class _Note(Struct, frozen=True):
    """What is kept beside an unfinished download."""

    validator: str


class Progress(Protocol):
    """What a progress bar offers; tqdm does."""

    total: Any

    def update(self, n: int) -> object: ...

    def close(self) -> object: ...


OpenProgress = Callable[[str, int | None, int], Progress]  # (what, total bytes, bytes so far)


def mirrored(url: str) -> str:
    """The address to use for a URL: OCRGEN_MIRROR/HOST/PATH where a mirror is set."""
    mirror = os.environ.get("OCRGEN_MIRROR")
    if not mirror:
        return url
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{mirror.rstrip('/')}/{parts.netloc}{parts.path}{query}"


def get_text(url: str) -> str:
    """A small text over HTTP.

    Raises:
        CorpusError: if it cannot be had.
    """
    requests = _requests()
    try:
        answer = requests.get(mirrored(url), timeout=_TIMEOUT_S)
        answer.raise_for_status()
    except requests.RequestException as error:
        way_out = f"; {OFFLINE}" if isinstance(error, _no_connection()) else ""
        raise CorpusError(f"cannot fetch {url}: {_reason(error)}{way_out}") from error
    answer.encoding = "utf-8"
    return str(answer.text)


def fetch(
    url: str,
    target: Path,
    open_progress: OpenProgress,
    *,
    checksum: tuple[str, str] | None = None,
    pause_s: float = _PAUSE_S,
) -> Path:
    """Download a file; a broken connection goes on where it stopped, now or in the next call.

    Args:
        url: what to fetch.
        target: where it appears once it is complete and checked; until then `.part` beside it.
        open_progress: makes the progress bar.
        checksum: name of the hash and its hexadecimal value.
        pause_s: before the second attempt, seconds.

    Raises:
        CorpusError: if the server refuses, the connection keeps breaking, or the sum is wrong.
    """
    if target.is_file() and (checksum is None or _hash(target, checksum[0]) == checksum[1]):
        return target
    with disk_errors(target, OTHER_CACHE):
        return _fetch(url, target, open_progress, checksum, pause_s)


def _fetch(
    url: str,
    target: Path,
    open_progress: OpenProgress,
    checksum: tuple[str, str] | None,
    pause_s: float,
) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    failures = 0
    while True:
        before = part.stat().st_size if part.is_file() else 0
        broken = _continue(url, part, open_progress)
        if broken is None:
            break
        gained = part.is_file() and part.stat().st_size > before
        failures = 1 if gained else failures + 1
        if failures >= ATTEMPTS:
            kept = "what came so far is kept: run the same command again to go on"
            way_out = kept if part.is_file() else OFFLINE
            raise CorpusError(f"cannot fetch {url}: {broken}; {way_out}")
        time.sleep(pause_s * 2 ** (failures - 1))
    if checksum and (actual := _hash(part, checksum[0])) != checksum[1]:
        _forget(part)
        raise CorpusError(
            f"{url} has the {checksum[0]} {actual}, not {checksum[1]} as published; it was thrown"
            " away: run the same command again"
        )
    with part.open("rb+") as file:
        flush(file.fileno())
    publish(part, target)
    _forget(part)
    return target


def _continue(url: str, part: Path, open_progress: OpenProgress) -> str | None:
    """Append to `part` until the file is complete; returns why it is not, or None.

    Raises:
        CorpusError: if trying again cannot help.
    """
    requests = _requests()
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"}
    validator = _validator(part)
    if have and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    options = {"headers": headers, "stream": True, "timeout": _TIMEOUT_S}
    try:
        with requests.get(mirrored(url), **options) as answer:
            if answer.status_code == 416 and _total(answer) == have:
                return None
            if 400 <= answer.status_code < 500:
                raise CorpusError(
                    f"cannot fetch {url}: the server says {answer.status_code} {answer.reason}"
                )
            answer.raise_for_status()
            resumed = answer.status_code == 206
            _note_validator(part, answer.headers)
            return _append(answer, part, have if resumed else 0, url, open_progress)
    except requests.RequestException as error:
        return _reason(error)


def _append(
    answer: Any, part: Path, have: int, url: str, open_progress: OpenProgress
) -> str | None:
    length = answer.headers.get("Content-Length")
    total = have + int(length) if length else None
    bar = open_progress(url.rsplit("/", 1)[-1], total, have)
    size = have
    try:
        with part.open("ab" if have else "wb") as out:
            # read1 hands out what has arrived; a plain read loses it when the connection breaks.
            while chunk := answer.raw.read1(_CHUNK_BYTES):
                out.write(chunk)
                size += len(chunk)
                bar.update(len(chunk))
    except (_requests().packages.urllib3.exceptions.HTTPError, ConnectionError, TimeoutError):
        return f"the connection broke after {size} of {total or 'unknown'} bytes"
    finally:
        bar.close()
    if total is not None and size < total:
        return f"the connection broke after {size} of {total} bytes"
    return None


def _validator(part: Path) -> str | None:
    try:
        return read_json(part.with_name(part.name + ".json"), _Note).validator
    except InputError:
        return None


def _note_validator(part: Path, headers: Any) -> None:
    """Keep what tells whether the file on the server is still the same one."""
    etag = headers.get("ETag", "")
    validator = headers.get("Last-Modified") if etag.startswith("W/") or not etag else etag
    note = part.with_name(part.name + ".json")
    if validator:
        note.write_text(encode(_Note(validator)), encoding="utf-8")
    else:
        note.unlink(missing_ok=True)


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(part.name + ".json").unlink(missing_ok=True)


def _total(answer: Any) -> int | None:
    total = str(answer.headers.get("Content-Range", "")).rpartition("/")[2]
    return int(total) if total.isdigit() else None


def _hash(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def _no_connection() -> tuple[type[Exception], ...]:
    requests = _requests()
    return (requests.ConnectionError, requests.Timeout)


def _reason(error: Exception) -> str:
    if isinstance(error, _no_connection()):
        return "the server does not answer"
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]


def _requests() -> Any:
    try:
        import requests
    except ImportError as error:
        raise CorpusError(
            "downloads need more packages; install them with: pip install 'ocrgen[corpora]'"
        ) from error
    return requests
