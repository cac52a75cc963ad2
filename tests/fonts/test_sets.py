"""Sets of faces from end to end, against a real HTTP server that serves packages made here."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fonts import FontError, coverage, select, sets
from fonts.build import gb2312
from fonts.manifest import STYLES
from fonts.packages import unpack
from fonts.recipes import Package, Recipe
from fonts.sets import SETS, FaceSet
from tests.fonts.test_added import ocrgen
from tests.support.fonts import make_font

LICENCE = "SIL OPEN FONT LICENSE, as this test has it\n"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _npm_package() -> bytes:
    font, packed = io.BytesIO(), io.BytesIO()
    make_font("Tiny Hei", text="一二三国永，。ABC123").save(font)
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in (("LICENSE", LICENCE.encode()), ("files/tiny.ttf", font.getvalue())):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaceSet]:
    """A set of one face whose package a server offers."""
    data = _npm_package()
    served = tmp_path / "registry" / "tiny-font" / "-"
    served.mkdir(parents=True)
    (served / "tiny-font-1.0.0.tgz").write_bytes(data)
    package = Package(
        "npm", "tiny-font", "1.0.0", "OFL-1.1", ("package/LICENSE",),
        "tiny-font/-/tiny-font-1.0.0.tgz", hashlib.sha512(data).hexdigest(),
    )  # fmt: skip
    recipe = Recipe(
        "tiny-hei", "Ocrgen Tiny", package, "package/files/tiny.ttf", "Tiny Hei", "sans", 400, 1.0
    )
    item = FaceSet("tiny", "a face of twelve characters", (recipe,))
    monkeypatch.setattr(sets, "SETS", (item,))
    handler = partial(QuietHandler, directory=str(tmp_path / "registry"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("OCRGEN_NPM", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("OCRGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "cache"))
    yield item
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_set_is_downloaded_built_and_drawn_from(tiny: FaceSet, tmp_path: Path) -> None:
    assert "no" in ocrgen("sets").output
    done = ocrgen("download", "tiny")
    assert done.exit_code == 0, done.errors
    assert "tiny: 1 faces in" in done.output
    assert "yes" in ocrgen("sets").output
    (face,) = select(["tiny"])
    assert (face.name, face.style, face.licence) == ("tiny-hei", "sans", "OFL-1.1")
    assert face.name in {other.name for other in select()}
    assert coverage(face) == set(map(ord, " 一二三国永，。ABC123"))
    folder = tmp_path / "home" / "font-sets" / "tiny"
    assert (folder / "licences" / "tiny-font.txt").read_text(encoding="utf-8") == LICENCE
    assert sorted(p.name for p in folder.iterdir()) == ["faces", "licences", "manifest.json"]
    assert not list((tmp_path / "cache" / "downloads").iterdir())


def test_another_file_than_the_one_known_is_refused(
    tiny: FaceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = replace(tiny.recipes[0].package, checksum="0" * 128)
    changed = replace(tiny, recipes=(replace(tiny.recipes[0], package=package),))
    monkeypatch.setattr(sets, "SETS", (changed,))
    done = ocrgen("download", "tiny")
    assert done.exit_code == 1
    assert "not 00000" in done.errors
    with pytest.raises(FontError, match="no face fits 'tiny'"):
        select(["tiny"])


def test_an_unknown_set_names_those_that_there_are(tiny: FaceSet) -> None:
    done = ocrgen("download", "huge")
    assert done.exit_code == 1
    assert done.errors == "Error: no set of faces is called 'huge'; there are: tiny\n"


def test_damaged_packages_are_named(tmp_path: Path) -> None:
    for name, data in (("a.tgz", _npm_package()[:-40]), ("a.deb", b"!<arch>\n"), ("a.whl", b"no")):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(FontError, match=f"{name} cannot be unpacked"):
            unpack(path, tmp_path / "out" / name)
    assert not list((tmp_path / "out").iterdir())


def test_sets_say_where_they_come_from_and_clash_with_nothing() -> None:
    from fonts.manifest import PACKAGE, read_manifest

    recipes = [recipe for item in SETS for recipe in item.recipes]
    names = [recipe.name for recipe in recipes]
    assert len(names) == len(set(names))
    assert not set(names) & {face.name for face in read_manifest(PACKAGE)}
    assert not {item.name for item in SETS} & {*STYLES, *names}
    for recipe in recipes:
        assert recipe.style in STYLES
        assert recipe.package.path
        assert len(recipe.package.checksum) == (64 if recipe.package.kind == "debian" else 128)
    assert len(gb2312()) > 7000
