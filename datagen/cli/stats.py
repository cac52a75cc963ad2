"""`ocrgen stats`: what data holds, as table, JSON or page."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen.cli.bar import bar
from datagen.cli.fetching import cache_option, fetcher
from datagen.cli.options import format_option, partial_option
from datagen.cli.tables import print_reports
from datagen.cli.urls import PathOrUrl

if TYPE_CHECKING:
    from datagen.stats.job import Statistics

_SHOWN = 12


@click.command()
@click.argument("paths", nargs=-1, required=True, type=PathOrUrl())
@format_option()
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write an HTML page with plots.",
)
@click.option(
    "--images",
    type=click.IntRange(min=0),
    default=2000,
    help="Images to decode per dataset; 0 decodes all.",
)
@partial_option
@cache_option
def command(
    paths: tuple[str, ...],
    form: str,
    html: Path | None,
    images: int,
    partial: bool,
    cache: Path | None,
) -> None:
    """Describe the renders, imports and packed data at PATHS or URLs.

    Counts classes and rare classes, faces, sizes and repeated labels, and measures contrast.
    """
    import json

    from datagen.stats.job import stats
    from ocrbase.outputs import PAGES, check_output
    from ocrbase.publishing import publish_text

    if html is not None:
        check_output(html, endings=PAGES)
    with bar(" lines") as progress:
        datasets = stats(
            paths, images=images, partial=partial, fetch=fetcher(cache), progress=progress
        )
    if html is not None:
        from datagen.stats.page import page

        publish_text(html, page(datasets))
    if form == "json":
        click.echo(json.dumps([one.to_json() for one in datasets], ensure_ascii=False))
    elif form == "tsv":
        print_reports(one.to_json() for one in datasets)
    else:
        for statistics in datasets:
            click.echo("\n".join(_lines(statistics)))
    if html is not None:
        click.echo(f"page: {html}", err=form != "plain")


def _lines(statistics: "Statistics") -> list[str]:
    from datagen.folding import visible
    from datagen.stats.job import percentiles

    rarest, _ = statistics.extremes()
    used = int((statistics.class_counts > 0).sum())
    tail = ", ".join(f"{count:,} under {bound:,}" for bound, count in statistics.tail().items())
    splits = ", ".join(f"{count:,} {split}" for split, count in statistics.splits.items())
    low, middle, high = percentiles(statistics.contrast)
    lines = [
        f"{statistics.path}: {statistics.lines:,} lines ({splits})",
        f"  classes    {used:,} of {len(statistics.alphabet) - 1:,} occur; {tail}",
        f"  rarest     {' '.join(f'{visible(c)}:{n}' for c, n in rarest[:_SHOWN])}",
        f"  sentences  {statistics.sentences:,}, at most {statistics.most_of_a_sentence:,} lines"
        " of one",
        f"  labels     {statistics.repeated_labels:,} lines repeat an earlier label",
        f"  lines      {statistics.inserted:,} with altered text, {statistics.redrawn:,} redrawn",
        f"  images     {statistics.looked_at:,} decoded, {statistics.unreadable:,} unreadable,"
        f" {statistics.same_images:,} duplicates",
        f"  contrast   {low:g} / {middle:g} / {high:g} gray levels (5, 50, 95 %)",
    ]
    if statistics.styles:
        lines.append(f"  style      {', '.join(statistics.styles)}")
    for name in ("corpora", "faces", "sizes", "lengths"):
        pairs = list(getattr(statistics, name).items())
        lines += [f"  {name}", *(f"    {key}: {count:,}" for key, count in pairs[:_SHOWN])]
        if len(pairs) > _SHOWN:
            lines.append(f"    and {len(pairs) - _SHOWN:,} more")
    return lines
