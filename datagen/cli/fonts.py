"""`ocrgen fonts`: list, check, add, download and remove faces, and draw a sheet of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from datagen.cli.lazy import OrderedGroup
from datagen.cli.options import (
    FiniteRange,
    alphabet_option,
    faces_option,
    format_option,
    home_option,
    out_file,
    system_fonts_option,
)
from datagen.cli.tables import print_rows

if TYPE_CHECKING:
    from fonts import Face
    from fonts.inspection import Description
    from fonts.recipes import Package

HOME = home_option(Path)
ALPHABET = alphabet_option()
FORMAT = format_option()


@click.group(cls=OrderedGroup)
def command() -> None:
    """List, check, add, download, remove and draw faces."""


@command.command("list")
@faces_option
@system_fonts_option
@HOME
@ALPHABET
@FORMAT
def list_faces(
    faces: tuple[str, ...],
    system_fonts: bool,
    home: Path | None,
    alphabet: str | None,
    form: str,
) -> None:
    """List faces and what they cover.

    One line per face: style, weight, licence, sampling weight, and how many classes it holds.
    """
    from datagen.alphabet import load
    from fonts.library import select_any
    from fonts.report import coverage_report

    chosen = select_any(faces, home=home, system=system_fonts)
    characters = load(alphabet).characters
    report = coverage_report(chosen, characters)
    rows = [
        {**_row(face), "classes": len(characters) - len(missing), "of": len(characters)}
        for face, missing in zip(chosen, report.missing, strict=True)
    ]
    print_rows(rows, form)


@command.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--classes", is_flag=True, help="Print the number of faces that hold each class.")
@faces_option
@system_fonts_option
@HOME
@ALPHABET
@FORMAT
def check(
    paths: tuple[Path, ...],
    classes: bool,
    faces: tuple[str, ...],
    system_fonts: bool,
    home: Path | None,
    alphabet: str | None,
    form: str,
) -> None:
    """Compare faces with the alphabet.

    Exit code 1 if no face holds a class. With PATHS, check those font files before they are added:
    their faces, licence and coverage, and whether the shapes look traditional or Japanese.
    """
    from datagen.alphabet import load
    from fonts import select

    characters = load(alphabet).characters
    if paths:
        _check_files(paths, characters, form)
    else:
        chosen = select(faces, home=home, system=system_fonts)
        _check_faces(chosen, characters, classes, form)


@command.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", show_default="the font's own", help="Name of the face.")
@click.option(
    "--style",
    show_default="a guess",
    help="song, sans, kai, fangsong, display or brush; latin-serif, latin-italic, latin-sans or"
    " latin-mono for a face of letters and digits alone.",
)
@click.option("--licence", show_default="the font's own", help="Licence, if possible an SPDX id.")
@click.option(
    "--sampling-weight",
    type=FiniteRange(0, min_open=True),
    default=1.0,
    help="How often the face is drawn, relative to others.",
)
@click.option(
    "--weight",
    "weights",
    type=FiniteRange(1, 1000),
    multiple=True,
    show_default="400 and 700",
    help="Weight of a variable font. Repeatable.",
)
@click.option(
    "--index",
    type=click.IntRange(0),
    show_default="the simplified Chinese one",
    help="Face in a font collection.",
)
@HOME
def add(
    paths: tuple[Path, ...],
    name: str | None,
    style: str | None,
    licence: str | None,
    sampling_weight: float,
    weights: tuple[float, ...],
    index: int | None,
    home: Path | None,
) -> None:
    """Add font files to your own faces.

    The files, and all fonts of folders, are copied; their faces are used from then on.
    """
    from fonts.added import Choices, add
    from ocrbase.homes import data_home

    folder = data_home(home)
    for face in add(paths, folder, Choices(name, style, licence, sampling_weight, weights, index)):
        record = face.record
        click.echo(f"added {record.name} ({record.style}, {record.weight}) to {folder}")
        for warning in face.warnings:
            click.echo(f"warning: {record.name} {warning}", err=True)


@command.command()
@click.argument("names", nargs=-1, required=True)
@HOME
def remove(names: tuple[str, ...], home: Path | None) -> None:
    """Remove faces that were added."""
    from fonts.added import remove
    from ocrbase.homes import data_home

    for name in remove(names, data_home(home)):
        click.echo(f"removed {name}")


@command.command("sets")
@HOME
@FORMAT
def list_sets(home: Path | None, form: str) -> None:
    """List the sets of faces that can be downloaded."""
    from fonts.library import SETS_FOLDER
    from fonts.manifest import read_manifest
    from fonts.sets import SETS
    from ocrbase.homes import data_home

    rows = [
        {
            "name": item.name,
            "faces": len(item.recipes),
            "here": "yes" if read_manifest(data_home(home) / SETS_FOLDER / item.name) else "no",
            "about": item.about,
        }
        for item in SETS
    ]
    print_rows(rows, form)


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="SET...")
@HOME
def download(names: tuple[str, ...], home: Path | None) -> None:
    """Download sets of faces that the package has no room for.

    They come from the registries that publish them, each file checked against its checksum, and
    are used from then on, by all faces or by the name of the set; licences lie beside them.
    """
    import os

    from datagen.alphabet import builtin
    from datagen.builtin_characters import BUILTIN_FILES
    from fonts.sets import download as download_set
    from fonts.sets import set_named
    from ocrbase.homes import data_home

    alphabets = {name: set(map(ord, builtin(name).characters)) for name in BUILTIN_FILES}
    for item in [set_named(name) for name in names]:
        click.echo(f"{item.name}: {item.about}")
        jobs = min(os.cpu_count() or 1, len(item.recipes))
        folder = download_set(item, data_home(home), alphabets, _fetch_package, jobs)
        click.echo(f"{item.name}: {len(item.recipes)} faces in {folder}")


def _fetch_package(package: Package, folder: Path) -> Path:
    """Download a package of faces, or go on with it, and unpack it into a folder."""
    from corpora.fetch import fetch
    from corpora.packages import Package as Source
    from datagen.cli.bar import download_bar
    from fonts.packages import unpack
    from ocrbase.homes import cache_home

    name = package.name.replace("/", "-")
    kind: Literal["debian", "npm"] = "debian" if package.kind == "debian" else "npm"
    source = Source(kind, package.name, package.version, package.path, package.checksum)
    address = source.address()
    suffix = {"debian": ".deb", "npm": ".tgz"}[kind]
    archive = cache_home() / "downloads" / f"{name}-{package.version.replace(':', '-')}{suffix}"
    # What the recipes were made for: the registry may serve another version by now.
    algorithm = "sha512" if len(package.checksum) == 128 else "sha256"
    fetch(address.url, archive, download_bar, checksum=(algorithm, package.checksum))
    unpack(archive, folder / name)
    archive.unlink()
    return folder / name


@command.command()
@out_file("PNG or JPEG file to write.", default=Path("specimen.png"))
@click.option("--text", multiple=True, help="Line to draw. Repeatable.")
@faces_option
@system_fonts_option
@HOME
def specimen(
    out: Path, text: tuple[str, ...], faces: tuple[str, ...], system_fonts: bool, home: Path | None
) -> None:
    """Draw a specimen sheet of faces.

    Characters that a face lacks are marked red.
    """
    from fonts.library import select_any
    from fonts.specimen import LINES, save_specimen
    from ocrbase.outputs import PICTURES, check_output

    check_output(out, endings=PICTURES)
    chosen = select_any(faces, home=home, system=system_fonts)
    save_specimen(chosen, out, text or LINES)
    click.echo(f"{len(chosen)} faces in {out}")


def _row(face: Face) -> dict[str, Any]:
    return {
        "name": face.name,
        "style": face.style,
        "weight": face.weight,
        "licence": face.licence or "unknown",
        "sampling_weight": face.sampling_weight,
    }


def _check_faces(faces: tuple[Face, ...], characters: str, classes: bool, form: str) -> None:
    from fonts.report import coverage_report, orphan_message

    report = coverage_report(faces, characters)
    if classes:
        rows = [
            {"class": c, "code": f"U+{ord(c):04X}", "faces": n} for c, n in report.faces_of.items()
        ]
        print_rows(rows, form)
    elif form == "plain":
        for face, missing in zip(faces, report.missing, strict=True):
            lacks = f"  lacks {_shortened(missing)}" if missing else ""
            click.echo(f"{face.name:24} {len(characters) - len(missing):6}{lacks}")
        for count, number in report.histogram.items():
            click.echo(f"{number:6} classes in {count} of {len(faces)} faces")
    else:
        rows = [
            {**_row(face), "classes": len(characters) - len(missing), "missing": missing}
            for face, missing in zip(faces, report.missing, strict=True)
        ]
        print_rows(rows, form)
    if report.orphans:
        click.echo(f"Error: {orphan_message(faces, characters)}", err=True)
        click.get_current_context().exit(1)


def _check_files(paths: tuple[Path, ...], characters: str, form: str) -> None:
    from fonts.added import font_files
    from fonts.charmap import drawn_points
    from fonts.inspection import describe, preferred

    rows = []
    for path in font_files(paths):
        faces = describe(path)
        for face in faces:
            held = len(set(map(ord, characters)) & drawn_points(path, face.index))
            rows.append(
                {
                    "file": path.name,
                    "index": face.index,
                    "name": face.full_name,
                    "style": face.style,
                    "weight": _weight(face),
                    "licence": face.licence or "unknown",
                    "classes": held,
                    "of": len(characters),
                    "preferred": "yes" if face == preferred(faces) else "no",
                    "warnings": "; ".join(face.warnings),
                }
            )
    print_rows(rows, form)


def _weight(face: Description) -> str:
    return str(face.weight) if face.weights is None else "{:g}-{:g}".format(*face.weights)


def _shortened(characters: str, most: int = 24) -> str:
    rest = len(characters) - most
    return characters[:most] + (f" and {rest} more" if rest > 0 else "")
