"""`ocrgen corpus`: the texts that lines are cut from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen.cli.bar import download_bar
from datagen.cli.lazy import OrderedGroup
from datagen.cli.options import alphabet_option, format_option, home_option, number_option
from datagen.cli.tables import print_reports, print_rows

if TYPE_CHECKING:
    from corpora.corpus import TextSource

HOME = home_option(Path)


@click.group(cls=OrderedGroup)
def command() -> None:
    """List, add, download, remove and describe texts."""


@command.command("list")
@HOME
@format_option()
def list_corpora(home: Path | None, form: str) -> None:
    """List the corpora, and the sources that can be downloaded."""
    if form == "plain":
        _print_corpora(home)
    else:
        print_rows(_source_rows(home), form)


def _source_rows(home: Path | None) -> list[dict[str, str]]:
    """One row per source: of each corpus, then those to download."""
    from corpora import CorpusError, names, open_corpus
    from corpora.downloads import DOWNLOADS

    rows = []
    for name in names(home):
        try:
            sources = open_corpus(name, home=home).sources
        except CorpusError:
            rows.append({"corpus": name, "source": "", "state": "unusable"})
            continue
        rows += [_source_row(name, source, "there") for source in sources]
    rows += [_source_row(d.corpus, d.source, "to download") for d in DOWNLOADS]
    keys = ("corpus", "source", "state", "licence", "attribution", "url")
    return [{key: row.get(key, "") for key in keys} for row in rows]


def _source_row(corpus: str, source: "TextSource", state: str) -> dict[str, str]:
    return {
        "corpus": corpus,
        "source": source.name,
        "state": state,
        "licence": source.licence,
        "attribution": source.attribution,
        "url": source.url,
    }


def _print_corpora(home: Path | None) -> None:
    from corpora import CorpusError, names, open_corpus
    from corpora.downloads import DOWNLOADS

    for name in names(home):
        click.echo(name)
        try:
            corpus = open_corpus(name, home=home)
        except CorpusError as error:  # the others are still worth showing
            click.echo(f"    unusable: {error}")
            continue
        for source in corpus.sources:
            click.echo(f"    {source.name}: {source.licence}; {source.attribution}")
        for note in corpus.notes:
            click.echo(f"    note: {note}")
    click.echo("\nto download:")
    for item in DOWNLOADS:
        mark = "" if item.by_default else f" --source {item.name}"
        click.echo(f"    {item.name}: {item.about}; {item.source.licence}")
        click.echo(f"        ocrgen corpus download {item.corpus}{mark}")


@command.command()
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--field", default="text", help="Field of JSON lines that holds the text.")
@click.option("--licence", default="not stated", help="Licence of the text.")
@click.option(
    "--attribution", default="", show_default=False, help="Whom the licence asks to name."
)
@HOME
def add(
    name: str,
    files: tuple[Path, ...],
    field: str,
    licence: str,
    attribution: str,
    home: Path | None,
) -> None:
    """Copy FILES (.txt, .txt.gz, .jsonl, template .toml, or folders) under NAME.

    Text is UTF-8 or GB18030. Under the name of a built-in corpus it is added to that corpus.
    """
    from corpora import open_corpus
    from corpora.store import add as add_files

    count = add_files(name, files, home=home, licence=licence, attribution=attribution, field=field)
    for note in open_corpus(name, home=home).notes:
        click.echo(f"note: {note}")
    click.echo(f"added {count:,} sentences to {name}; use them with --corpus {name}")


@command.command()
@click.argument("name")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME",
    show_default="those of the corpus",
    help="Source to fetch, as `ocrgen corpus list` names it. Repeatable.",
)
@click.option(
    "--simplified/--as-is",
    default=True,
    help="Convert traditional characters to simplified ones.",
)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read this file of one --source, fetched elsewhere, instead of fetching it.",
)
@HOME
def download(
    name: str, sources: tuple[str, ...], simplified: bool, file: Path | None, home: Path | None
) -> None:
    """Download real text into the corpus NAME (news, classical, technical, or any other).

    A download that was interrupted goes on where it stopped; every file is checked against its
    published checksum where there is one. Only prose is kept, each line once, with licence and
    attribution beside it.
    """
    from corpora.downloads import chosen
    from corpora.downloads import download as fetch_text

    items = chosen(name, sources)
    if file and len(items) > 1:
        raise click.UsageError(
            f"--file is one source's: add --source {' or --source '.join(i.name for i in items)}"
        )
    for item in items:
        click.echo(f"{item.name}: {item.about}; {item.source.licence}")
        tally = fetch_text(item, name, download_bar, home=home, simplified=simplified, file=file)
        click.echo(f"{item.name}: {tally}")
    click.echo(f"use it with --corpus {name}")


@command.command()
@click.argument("specs", nargs=-1, required=True, metavar="NAME[:WEIGHT]...")
@number_option("Number of lines that rare classes are counted for.", default=3_600_000)
@click.option("--length", type=click.IntRange(1), default=10, help="Characters per line.")
@alphabet_option()
@format_option()
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the counts of rare classes into this PNG or JPEG file.",
)
@HOME
def stats(
    specs: tuple[str, ...],
    n: int,
    length: int,
    alphabet: str | None,
    form: str,
    plot: Path | None,
    home: Path | None,
) -> None:
    """Count the characters and rare classes of corpora, paths, or a weighted mix of them."""
    import json

    from datagen.alphabet import load
    from datagen.text.statistics import text_statistics
    from ocrbase.outputs import PICTURES, check_output

    if plot:
        check_output(plot, endings=PICTURES)
    statistics = text_statistics(
        specs, load(alphabet), n=n, length=length, home=str(home) if home else None
    )
    if form == "json":
        click.echo(json.dumps(statistics.to_json(), ensure_ascii=False))
    elif form == "tsv":
        print_reports([statistics.to_json()])
    else:
        click.echo("\n".join(statistics.lines()))
    if plot:
        from datagen.text.tail_plot import draw_tail

        draw_tail(statistics, plot)
        click.echo(f"wrote {plot}", err=True)


@command.command()
@click.argument("name")
@click.option(
    "--source",
    "part",
    metavar="NAME",
    help="Only this source, as `ocrgen corpus list` names it.",
)
@HOME
def remove(name: str, part: str | None, home: Path | None) -> None:
    """Delete the text that was added or downloaded under NAME; built-in text stays."""
    from corpora.store import remove as remove_text

    click.echo(f"removed {remove_text(name, home=home, part=part)}")
