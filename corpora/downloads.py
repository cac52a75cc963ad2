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
from corpora.catalogue import GENERATED, added_parts, names
from corpora.cleaning import MIN_HANZI, Tally, clean, to_simplified
from corpora.corpus import TextSource
from corpora.errors import CorpusError
from corpora.fetch import Address, OpenProgress, fetch, get_text
from corpora.manuals import manual_paragraphs
from corpora.packages import Package
from corpora.store import check_name, publishing
from corpora.wikitext import dump_paragraphs
from ocrbase.homes import cache_home, data_home
from ocrbase.records import decode

TEXT_FILE = "text.txt"
_TECHNICAL_HANZI = 0.3  # of the characters: names, commands and units stand in between
_WIKIMEDIA = "https://dumps.wikimedia.org"


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
        min_hanzi: share of a line's characters that makes it prose.
    """

    name: str
    corpus: str
    by_default: bool
    about: str
    source: TextSource
    find: Callable[[], Address]
    read: Callable[[BinaryIO, str], Iterator[str]]
    min_hanzi: float = MIN_HANZI


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


def _manual(package: Package, about: str, licence: str, authors: str, url: str) -> Download:
    """A manual in a Debian package."""
    name = package.name.removesuffix("-zh-cn")
    source = TextSource(name, licence, authors, url)
    return Download(
        name, "technical", True, about, source, package.address, manual_paragraphs, _TECHNICAL_HANZI
    )


CHINESE_POETRY = Package(
    "npm",
    "chinese-poetry",
    "2.0.1",
    "chinese-poetry/-/chinese-poetry-2.0.1.tgz",
    "2ad60046f57b09636d6b1d276bdf899fa3e5846812a2277b3d6c83cd72382ac0"
    "849b6a1d65ca84432bda97992868bca066733f110de57c9fffdb92bca77b8736",
    elsewhere="https://github.com/chinese-poetry/chinese-poetry/archive/refs/heads/master.tar.gz",
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
        "chinese-poetry", "classical", True, "classics, poetry and primers (85 MB)",
        TextSource(
            "chinese-poetry", "MIT", "chinese-poetry contributors; the works are public domain",
            "https://github.com/chinese-poetry/chinese-poetry",
        ),
        CHINESE_POETRY.address, poetry_paragraphs,
    ),
    _wiki(
        "wikisource", "classical", "zhwikisource", "https://zh.wikisource.org",
        "Chinese Wikisource (0.6 to 2.6 GB)", "mostly public domain, see each page",
        by_default=False,
    ),
    _manual(
        Package(
            "debian", "libreoffice-help-zh-cn", "4:7.4.7-1+deb12u14",
            "pool/main/libr/libreoffice/libreoffice-help-zh-cn_7.4.7-1+deb12u14_all.deb",
            "db867cdece4c2f9c7eebe65e519c6cf386fdcf49d6e061db3dffec893b3e1dee",
        ),
        "help of LibreOffice (3 MB)", "MPL-2.0", "The Document Foundation and contributors",
        "https://help.libreoffice.org",
    ),
    _manual(
        Package(
            "debian", "debian-reference-zh-cn", "2.100",
            "pool/main/d/debian-reference/debian-reference-zh-cn_2.100_all.deb",
            "6d2d8d9a646397e28b04cdff23d2e4374101ebf9be348e35961af62c8a2d0977",
        ),
        "Debian Reference, a handbook of system administration (2 MB)", "GPL-2.0-or-later",
        "Osamu Aoki and translators", "https://www.debian.org/doc/manuals/debian-reference",
    ),
    _manual(
        Package(
            "debian", "debian-handbook", "11.20220922",
            "pool/main/d/debian-handbook/debian-handbook_11.20220922_all.deb",
            "3d5dbeac1f1afc9c094eab9d0f701f6ecff99c4927d5a4794cf6c85678134faa",
        ),
        "The Debian Administrator's Handbook (35 MB in all its languages)",
        "GPL-2.0-or-later OR CC-BY-SA-3.0", "Raphaël Hertzog, Roland Mas and translators",
        "https://debian-handbook.info",
    ),
    _manual(
        Package(
            "debian", "maint-guide-zh-cn", "1.2.53",
            "pool/main/m/maint-guide/maint-guide-zh-cn_1.2.53_all.deb",
            "d605b60a034f63857bc44205aed5ad7ba6e17d0d2b1ba5e79179b4e7ec4ee4bc",
        ),
        "Debian New Maintainers' Guide (1 MB)", "GPL-2.0-or-later",
        "Josip Rodin, Osamu Aoki and translators",
        "https://www.debian.org/doc/manuals/maint-guide",
    ),
    _manual(
        Package(
            "debian", "debian-faq-zh-cn", "11.1",
            "pool/main/d/debian-faq/debian-faq-zh-cn_11.1_all.deb",
            "3545356b1aa04d87e91dd15e8406210cf5b4f476662e597897bcb42234591758",
        ),
        "The Debian GNU/Linux FAQ (0.2 MB)", "GPL-2.0-or-later",
        "the authors of the Debian FAQ and translators",
        "https://www.debian.org/doc/manuals/debian-faq",
    ),
)  # fmt: skip


def chosen(corpus: str, sources: tuple[str, ...]) -> list[Download]:
    """The sources to fetch for a corpus: those named, or the ones that belong to it.

    Raises:
        CorpusError: if a name is unknown, or nothing belongs to the corpus.
    """
    known = {download.name: download for download in DOWNLOADS}
    unknown = [name for name in sources if name not in known]
    if unknown:
        raise CorpusError(f"no source {', '.join(unknown)}; there are {', '.join(known)}")
    if sources:
        return [known[name] for name in sources]
    belonging = [d for d in DOWNLOADS if d.corpus == corpus and d.by_default]
    if not belonging:
        homes = ", ".join(dict.fromkeys(d.corpus for d in DOWNLOADS))
        raise CorpusError(
            f"nothing is known to belong to {corpus!r}: download {homes}, or name a --source"
            f" ({', '.join(known)})"
        )
    return belonging


def command_for_more(name: str, *, home: Path | None = None) -> str:
    """What to type for more text beside a corpus, or in a corpus of a name."""
    there = {path.name for path in added_parts(name, home)}
    missing = [d for d in DOWNLOADS if d.corpus == name and d.name not in there]
    if any(item.by_default for item in missing):
        return f"ocrgen corpus download {name}"
    if missing:
        return f"ocrgen corpus download {name} --source {missing[0].name}"
    if name in names(home) and name not in GENERATED:
        return f"ocrgen corpus add {name} FILES"
    return "ocrgen corpus download news, with --corpus news beside it"


def download(
    item: Download,
    corpus: str,
    open_progress: OpenProgress,
    *,
    home: Path | None = None,
    simplified: bool = True,
    file: Path | None = None,
    pause_s: float = 1.0,
) -> Tally:
    """Fetch a source and publish its prose as a part of a corpus, in place of an older one.

    Args:
        item: the source.
        corpus: that it is put into.
        open_progress: makes progress bars.
        home: user data directory.
        simplified: convert traditional characters.
        file: the source's file, fetched elsewhere; it is read instead, and left where it is.
        pause_s: before the second attempt to fetch, seconds.

    Raises:
        CorpusError: if it cannot be fetched or read; what was there before stays.
    """
    check_name(corpus)
    convert = to_simplified() if simplified else None
    if file is not None:
        return _publish(item, corpus, file, file.name, convert, open_progress, home)
    address = item.find()
    target = cache_home() / "downloads" / item.name / address.url.rsplit("/", 1)[-1]
    path = fetch(address.url, target, open_progress, checksum=address.checksum, pause_s=pause_s)
    try:
        tally = _publish(item, corpus, path, address.url, convert, open_progress, home)
    except CorpusError as error:
        path.unlink()  # so that the next call fetches it anew
        raise CorpusError(
            f"{error}; the file from {address.url} was thrown away: run the same command again"
        ) from error
    path.unlink()
    return tally


def _publish(
    item: Download,
    corpus: str,
    path: Path,
    url: str,
    convert: Callable[[str], str] | None,
    open_progress: OpenProgress,
    home: Path | None,
) -> Tally:
    """Turn a source's file into a part of a corpus."""
    source = item.source
    attribution = f"{source.attribution}, fetched {date.today().isoformat()}"
    tally = Tally()
    described = TextSource(source.name, source.licence, attribution, url)
    with publishing(data_home(home) / "corpora" / corpus / item.name, described) as draft:
        with _Watched(path, open_progress) as packed:
            paragraphs = item.read(cast(BinaryIO, packed), path.name)
            _write(draft / TEXT_FILE, clean(paragraphs, convert, tally, item.min_hanzi))
        if not tally.kept:
            raise CorpusError(f"{path.name} holds no prose")
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
