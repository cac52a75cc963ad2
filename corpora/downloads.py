"""The text sources that can be fetched, and how each becomes a part of a corpus."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from corpora.archives import leipzig_paragraphs, mot_paragraphs, poetry_paragraphs
from corpora.cleaning import Tally, clean, to_simplified
from corpora.corpus import TextSource
from corpora.errors import CorpusError
from corpora.fetch import OpenProgress, fetch, get_text
from corpora.store import check_name, publishing
from corpora.wikitext import dump_paragraphs
from ocrbase.homes import cache_home, data_home
from ocrbase.records import decode

TEXT_FILE = "text.txt"
_WIKIMEDIA = "https://dumps.wikimedia.org"


@dataclass(frozen=True)
class Address:
    """Where a file lies and what it must hash to, as far as that is published."""

    url: str
    checksum: tuple[str, str] | None


class _Asset(Struct, frozen=True):
    """A file of a release, as GitHub lists it."""

    name: str
    browser_download_url: str
    digest: str | None = None


class _Release(Struct, frozen=True):
    assets: list[_Asset]


@dataclass(frozen=True)
class Download:
    """A text source on the net.

    Attributes:
        name: as `--source` takes it.
        corpus: the corpus that it belongs to.
        by_default: whether `download CORPUS` fetches it without being asked by name.
        about: what it is, one line, with its size where that matters.
        source: licence and attribution.
        find: looks up the address.
        read: paragraphs of the fetched file.
    """

    name: str
    corpus: str
    by_default: bool
    about: str
    source: TextSource
    find: Callable[[], Address]
    read: Callable[[BinaryIO, str], Iterator[str]]


def wikimedia(wiki: str) -> Address:
    """The latest article dump of a wiki.

    Its list of checksums names the dump by date, so the part after the date is what matches.
    """
    base = f"{_WIKIMEDIA}/{wiki}/latest/{wiki}-latest"
    suffix = "pages-articles.xml.bz2"
    sums = get_text(f"{base}-sha1sums.txt")
    for line in sums.splitlines():
        value, _, name = line.partition("  ")
        if re.fullmatch(rf"{wiki}-\d{{8}}-{re.escape(suffix)}", name.strip()):
            return Address(f"{base}-{suffix}", ("sha1", value.strip()))
    raise CorpusError(f"{base}-sha1sums.txt names no {suffix}; try again later")


def mot() -> Address:
    """The Chinese archive of the newest release of Multilingual Open Text."""
    url = "https://api.github.com/repos/bltlab/mot/releases/latest"
    assets = decode(get_text(url), _Release, f"the answer of {url}", error=CorpusError).assets
    archives = [a for a in assets if re.match(r"cmn.*\.(tgz|tar\.gz)$", a.name)]
    if not archives:
        raise CorpusError(f"{url} names no archive for cmn; try again later")
    algorithm, _, value = (archives[0].digest or "").partition(":")
    return Address(archives[0].browser_download_url, (algorithm, value) if value else None)


def _fixed(url: str) -> Callable[[], Address]:
    return lambda: Address(url, None)


def _wiki(
    name: str, corpus: str, wiki: str, site: str, about: str, licence: str, *, by_default: bool
) -> Download:
    source = TextSource(name, licence, f"contributors of {about}, {site}", site)
    return Download(
        name, corpus, by_default, about, source, lambda: wikimedia(wiki), dump_paragraphs
    )


DOWNLOADS = (
    _wiki(
        "wikinews", "news", "zhwikinews", "https://zh.wikinews.org", "Chinese Wikinews",
        "CC-BY-2.5 and CC-BY-4.0", by_default=True,
    ),
    Download(
        "mot", "news", False, "Voice of America news from Multilingual Open Text",
        TextSource(
            "mot", "CC-BY-4.0 (collection), public domain (text)",
            "Voice of America; Multilingual Open Text, Palen-Michel, Kim and Lignos 2022",
            "https://github.com/bltlab/mot",
        ),
        mot, mot_paragraphs,
    ),
    Download(
        "leipzig", "news", False, "Leipzig Corpora Collection, 100,000 sentences of 2020 news",
        TextSource(
            "leipzig", "CC-BY-4.0", "Leipzig Corpora Collection, zho_news_2020_100K",
            "https://wortschatz.uni-leipzig.de",
        ),
        _fixed("https://downloads.wortschatz-leipzig.de/corpora/zho_news_2020_100K.tar.gz"),
        leipzig_paragraphs,
    ),
    _wiki(
        "classicalwiki", "classical", "zh_classicalwiki", "https://zh-classical.wikipedia.org",
        "Classical Chinese Wikipedia", "CC-BY-SA-4.0", by_default=True,
    ),
    Download(
        "chinese-poetry", "classical", True, "classics, poetry and primers as JSON",
        TextSource(
            "chinese-poetry", "MIT", "chinese-poetry contributors; the works are public domain",
            "https://github.com/chinese-poetry/chinese-poetry",
        ),
        _fixed(
            "https://github.com/chinese-poetry/chinese-poetry/archive/refs/heads/master.tar.gz"
        ),
        poetry_paragraphs,
    ),
    _wiki(
        "wikisource", "classical", "zhwikisource", "https://zh.wikisource.org",
        "Chinese Wikisource (0.6 to 2.6 GB)", "mostly public domain, see each page",
        by_default=False,
    ),
)  # fmt: skip


def chosen(corpus: str, names: tuple[str, ...]) -> list[Download]:
    """The sources to fetch for a corpus: those named, or the ones that belong to it.

    Raises:
        CorpusError: if a name is unknown, or nothing belongs to the corpus.
    """
    known = {download.name: download for download in DOWNLOADS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CorpusError(f"no source {', '.join(unknown)}; there are {', '.join(known)}")
    if names:
        return [known[name] for name in names]
    belonging = [d for d in DOWNLOADS if d.corpus == corpus and d.by_default]
    if not belonging:
        homes = ", ".join(dict.fromkeys(d.corpus for d in DOWNLOADS))
        raise CorpusError(
            f"nothing is known to belong to {corpus!r}: download {homes}, or name a --source"
            f" ({', '.join(known)})"
        )
    return belonging


def download(
    item: Download,
    corpus: str,
    open_progress: OpenProgress,
    *,
    home: Path | None = None,
    simplified: bool = True,
    pause_s: float = 1.0,
) -> Tally:
    """Fetch a source and publish its prose as a part of a corpus, in place of an older one.

    Raises:
        CorpusError: if it cannot be fetched or read; what was there before stays.
    """
    check_name(corpus)
    convert = to_simplified() if simplified else None
    address = item.find()
    target = cache_home() / "downloads" / item.name / address.url.rsplit("/", 1)[-1]
    path = fetch(address.url, target, open_progress, checksum=address.checksum, pause_s=pause_s)
    tally = Tally()
    source = TextSource(
        item.source.name,
        item.source.licence,
        f"{item.source.attribution}, fetched {date.today().isoformat()}",
        address.url,
    )
    try:
        with publishing(data_home(home) / "corpora" / corpus / item.name, source) as draft:
            with _Watched(path, open_progress) as packed:
                paragraphs = item.read(cast(BinaryIO, packed), path.name)
                _write(draft / TEXT_FILE, clean(paragraphs, convert, tally))
            if not tally.kept:
                raise CorpusError(f"{path.name} holds no prose")
    except CorpusError as error:
        path.unlink()  # so that the next call fetches it anew
        raise CorpusError(
            f"{error}; the file from {address.url} was thrown away: run the same command again"
        ) from error
    path.unlink()
    return tally


class _Watched(io.RawIOBase):
    """A file that tells a progress bar how far it has been read."""

    def __init__(self, path: Path, open_progress: OpenProgress) -> None:
        self._stream = path.open("rb")
        self._bar = open_progress("reading", path.stat().st_size, 0)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._bar.update(len(chunk))
        return chunk

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._bar.close()
        super().close()


def _write(path: Path, lines: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(line + "\n")
