"""Rebuilds the bundled faces from their Debian, npm and PyPI packages.

    python -m fonts.build --alphabet datagen/alphabet_*.txt

Needs Debian's apt-get, npm and pip. With the versions that the manifest names, the same bytes come
out again.
"""

import argparse
import hashlib
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

from fonts.bundled import BUNDLED
from fonts.companions import COMPANIONS
from fonts.errors import FontError
from fonts.manifest import LATIN_STYLES, PACKAGE
from fonts.packages import unpack
from fonts.recipes import CHANGED_ON, Package, Recipe
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

Alphabets = Mapping[str, set[int]]  # code points by name

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
    """Download and unpack a package by its registry's own client; the folder of its files."""
    target = folder / package.name.replace("/", "-")
    if target.exists():
        return target
    wanted = f"{package.name}=={package.version}"
    commands = {
        "debian": ["apt-get", "download", f"{package.name}={package.version}"],
        "npm": ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        "pypi": [sys.executable, "-m", "pip", "download", "--no-deps", wanted],
    }
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        _run(commands[package.kind], scratch)
        unpack(next(Path(scratch).iterdir()), target)
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
        f"Modified on {CHANGED_ON} by the ocrgen project: subset of {recipe.full_name}"
        f" ({recipe.package.name} {recipe.package.version}), layout tables and bitmaps removed,"
        " renamed."
    )
    rename(font, recipe.family, notice)
    set_date(font, int(datetime.fromisoformat(CHANGED_ON).replace(tzinfo=UTC).timestamp()))
    data = to_woff2(font)
    font.close()
    return data


def entries(
    recipe: Recipe, data: bytes, alphabets: Alphabets, points: frozenset[int]
) -> list[dict[str, Any]]:
    """What the manifest says of a face, or of each instance of a variable font."""
    common: dict[str, Any] = {
        "file": f"faces/{recipe.name}.woff2",
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "family": recipe.full_name,
        "renamed": recipe.family,
        "source": {
            "kind": recipe.package.kind,
            "package": recipe.package.name,
            "version": recipe.package.version,
        },
        "licence": recipe.package.licence,
        "licence_file": f"licences/{recipe.package.licence_file}",
        "style": recipe.style,
        "coverage": {
            **{name: len(points & characters) for name, characters in alphabets.items()},
            "gb2312": len(points & gb2312()),
            "total": len(points),
        },
    }
    single = ((recipe.name, float(recipe.weight), recipe.sampling_weight),)
    return [
        {"name": name, "weight": round(weight), "sampling_weight": often}
        | ({"axes": [["wght", weight]]} if recipe.instances else {})
        | common
        for name, weight, often in recipe.instances or single
    ]


def licence_text(package: Package, unpacked: Path) -> str:
    """The licence of a package as one text, from the folder that holds it."""
    parts = [(unpacked / member).read_text(encoding="utf-8") for member in package.licence_members]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def build(
    recipes: Iterable[Recipe],
    out: Path,
    cache: Path,
    alphabets: Alphabets,
    jobs: int,
    get: Callable[[Package, Path], Path] = fetch,
) -> None:
    """Build faces, licences and manifest; the manifest changes only once all are there.

    Args:
        recipes: what to build.
        out: folder of the faces.
        cache: where unpacked packages are kept.
        alphabets: characters that faces keep besides GB2312.
        jobs: processes.
        get: downloads and unpacks a package into a folder of the cache.
    """
    recipes = list(recipes)
    packages = {recipe.package for recipe in recipes}
    packages |= {p.licence_package for p in packages if p.licence_package}
    unpacked = {p: get(p, cache) for p in sorted(packages, key=lambda p: p.name)}
    folders = [unpacked[recipe.package] for recipe in recipes]
    work = partial(_build_one, characters=frozenset(gb2312().union(*alphabets.values())))
    files: dict[str, bytes] = {}
    faces: list[dict[str, Any]] = []
    with ExitStack() as stack:
        spread = map if jobs == 1 else stack.enter_context(ProcessPoolExecutor(jobs)).map
        for recipe, (data, points) in zip(recipes, spread(work, recipes, folders), strict=True):
            faces += entries(recipe, data, alphabets, points)
            files[faces[-1]["file"]] = data
            print(f"{recipe.name:24s} {len(data) / 1e6:5.2f} MB  {faces[-1]['coverage']}")
    for package in {recipe.package for recipe in recipes}:
        folder = unpacked[package.licence_package or package]
        files[f"licences/{package.licence_file}"] = licence_text(package, folder).encode()
    tools = {name: version(name) for name in ("fonttools", "brotli")}
    manifest = {"version": 1, "changed_on": CHANGED_ON, "built_with": tools, "faces": faces}
    files["manifest.json"] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    write_files(files, out)
    print(f"{len(faces)} faces, {sum(map(len, files.values())) / 1e6:.2f} MB")


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
    parser.add_argument(
        "--alphabet", type=Path, required=True, nargs="+", help="lists of characters to add"
    )
    parser.add_argument("--only", nargs="*", default=[], help="names of faces; default: all")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.only and arguments.out == PACKAGE:
        parser.error("--only builds a part of the faces; give another folder with --out")
    chosen = [r for r in (*BUNDLED, *COMPANIONS) if not arguments.only or r.name in arguments.only]
    with tempfile.TemporaryDirectory() as scratch:
        cache = arguments.packages or Path(scratch)
        cache.mkdir(parents=True, exist_ok=True)
        try:
            alphabets = {path.stem: read_characters(path) for path in arguments.alphabet}
            build(chosen, arguments.out, cache, alphabets, arguments.jobs)
        except FontError as error:
            sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
