"""Rebuilds the bundled faces from their Debian and npm packages.

    python -m fonts.build --alphabet datagen/alphabet_5990.txt

Needs Debian's apt-get and dpkg-deb, and npm. With the versions that the manifest names, the same
bytes come out again.
"""

import argparse
import hashlib
import json
import logging
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

from fonts.companions import COMPANIONS
from fonts.errors import FontError
from fonts.manifest import LATIN_STYLES, PACKAGE
from fonts.recipes import RECIPES, Package, Recipe
from fonts.subset import (
    hollow_points,
    merge_slices,
    open_by_name,
    rename,
    set_date,
    subset,
    to_woff2,
)
from ocrbase.publishing import publish_bytes

# Latin to Extended-A, general punctuation, currency signs
_LATIN_BLOCKS = (range(0x20, 0x180), range(0x2010, 0x2060), range(0x20A0, 0x20C0))


def gb2312() -> set[int]:
    """ASCII and GB2312, by the GBK meaning of its codes (· — where `gb2312` says ・ ―)."""
    points = set(range(0x20, 0x7F))
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            code = bytes((row, cell))
            if code.decode("gb2312", "ignore"):
                points.add(ord(code.decode("gbk")))
    return points


def latin(characters: Iterable[int]) -> frozenset[int]:
    """Those that a Latin face draws in its own manner: ASCII, its letters with marks, and signs."""
    return frozenset(p for p in characters if any(p in block for block in _LATIN_BLOCKS))


def read_characters(path: Path) -> set[int]:
    """Code points of a list with one character per line; longer lines (`blank`) are skipped."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {ord(line) for line in lines if len(line) == 1}


def fetch(package: Package, folder: Path) -> Path:
    """Download and unpack a package; the folder of its files."""
    target = folder / package.name.replace("/", "-")
    if target.exists():
        return target
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if package.kind == "debian":
            _run(["apt-get", "download", f"{package.name}={package.version}"], scratch)
            archive = next(Path(scratch).glob("*.deb"))
            _run(["dpkg-deb", "-x", str(archive), str(target)], scratch)
        else:
            _run(["npm", "pack", "--silent", f"{package.name}@{package.version}"], scratch)
            with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive_file:
                archive_file.extractall(target, filter="data")
    return target


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FontError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-400:]}")


def build_face(recipe: Recipe, unpacked: Path, characters: frozenset[int]) -> bytes:
    """The woff2 bytes of one bundled face."""
    characters -= set(map(ord, recipe.without))
    if recipe.style in LATIN_STYLES:
        characters = latin(characters)
    if "*" in recipe.member:
        font = merge_slices(sorted(unpacked.glob(recipe.member)), characters)
    else:
        font = subset(open_by_name(unpacked / recipe.member, recipe.full_name), characters)
    hollow = hollow_points(font)
    if hollow:
        font = subset(font, set(font.getBestCmap()) - hollow)
    notice = (
        f"Modified on {recipe.changed_on} by the ocrgen project: subset of {recipe.full_name}"
        f" ({recipe.package.name} {recipe.package.version}), layout tables and bitmaps removed,"
        " renamed."
    )
    rename(font, recipe.family, notice)
    set_date(font, int(datetime.fromisoformat(recipe.changed_on).replace(tzinfo=UTC).timestamp()))
    return to_woff2(font)


def entry(
    recipe: Recipe, data: bytes, alphabet: set[int], points: frozenset[int]
) -> dict[str, Any]:
    """What the manifest says of a face."""
    return {
        "name": recipe.name,
        "file": f"faces/{recipe.name}.woff2",
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "family": recipe.full_name,
        "renamed": recipe.family,
        "changed_on": recipe.changed_on,
        "source": {
            "kind": recipe.package.kind,
            "package": recipe.package.name,
            "version": recipe.package.version,
        },
        "licence": recipe.package.licence,
        "licence_file": f"licences/{recipe.package.licence_file}",
        "style": recipe.style,
        "weight": recipe.weight,
        "sampling_weight": recipe.sampling_weight,
        "coverage": {
            "alphabet": len(points & alphabet),
            "gb2312": len(points & gb2312()),
            "total": len(points),
        },
    }


def licence_text(package: Package, unpacked: Path) -> str:
    """The licence of a package as one text."""
    parts = [(unpacked / member).read_text(encoding="utf-8") for member in package.licence_members]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def build(recipes: Iterable[Recipe], out: Path, cache: Path, alphabet: set[int], jobs: int) -> None:
    """Build faces, licences and manifest; the folder changes only once all are there."""
    recipes = list(recipes)
    unpacked = {recipe.package: fetch(recipe.package, cache) for recipe in recipes}
    folders = [unpacked[recipe.package] for recipe in recipes]
    work = partial(_build_one, characters=frozenset(gb2312() | alphabet))
    files: dict[str, bytes] = {}
    faces = []
    with ProcessPoolExecutor(jobs) as pool:
        for recipe, (data, points) in zip(recipes, pool.map(work, recipes, folders), strict=True):
            faces.append(entry(recipe, data, alphabet, points))
            files[faces[-1]["file"]] = data
            print(f"{recipe.name:24s} {len(data) / 1e6:5.2f} MB  {faces[-1]['coverage']}")
    for package, folder in unpacked.items():
        files[f"licences/{package.licence_file}"] = licence_text(package, folder).encode()
    tools = {name: version(name) for name in ("fonttools", "brotli")}
    manifest = {"version": 1, "built_with": tools, "faces": faces}
    files["manifest.json"] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    write_files(files, out)
    print(f"{len(faces)} faces, {sum(face['bytes'] for face in faces) / 1e6:.2f} MB")


def write_files(files: dict[str, bytes], out: Path) -> None:
    """Write files into a folder and delete faces and licences that are not among them."""
    for name in ("faces", "licences"):
        (out / name).mkdir(parents=True, exist_ok=True)
        for path in (out / name).iterdir():
            if f"{name}/{path.name}" not in files:
                path.unlink()
    for name, data in files.items():
        publish_bytes(out / name, data)


def _build_one(
    recipe: Recipe, unpacked: Path, characters: frozenset[int]
) -> tuple[bytes, frozenset[int]]:
    # Several sources hold tables of odd lengths, which the subset does not keep.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    data = build_face(recipe, unpacked, characters)
    return data, frozenset(TTFont(BytesIO(data)).getBestCmap())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fonts.build", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, default=PACKAGE, help="folder to build into")
    parser.add_argument("--packages", type=Path, help="where to keep the unpacked packages")
    parser.add_argument("--alphabet", type=Path, required=True, help="list of characters to add")
    parser.add_argument("--only", nargs="*", default=[], help="names of faces; default: all")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.only and arguments.out == PACKAGE:
        parser.error("--only builds a part of the faces; give another folder with --out")
    chosen = [r for r in (*RECIPES, *COMPANIONS) if not arguments.only or r.name in arguments.only]
    with tempfile.TemporaryDirectory() as scratch:
        cache = arguments.packages or Path(scratch)
        cache.mkdir(parents=True, exist_ok=True)
        try:
            alphabet = read_characters(arguments.alphabet)
            build(chosen, arguments.out, cache, alphabet, arguments.jobs)
        except FontError as error:
            sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
