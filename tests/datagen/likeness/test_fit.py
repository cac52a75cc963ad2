"""Styles fitted to lines of a known style come near it, whatever preset they start from."""

import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from datagen.cli import main
from datagen.drawing.style import Style, load_style, with_value
from datagen.likeness.drawn import draw_lines
from datagen.likeness.fit import _scales
from datagen.likeness.measures import LineMeasures, measure
from datagen.text.plan_settings import PlanSettings
from tests.datagen.likeness.test_measures import TEXT

CROPS = 30
KNOWN = {
    "gray.ink": (20.0, 60.0), "gray.ground": (170.0, 210.0), "gray.inverted": 0.4,
    "capture.native_px": (20, 30), "capture.native_share": 1.0, "capture.jpeg_share": 0.0,
    "surface.noise": (5.0, 9.0), "surface.noise_share": 1.0, "geometry.rotation_deg": (0.8, 1.6),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text, and a folder of crops of a known style."""
    root = Path(tmp_path_factory.mktemp("fit"))
    (root / "verse.txt").write_text("\n".join([TEXT] * 3), encoding="utf-8")
    (root / "crops").mkdir()
    style = load_style("document")
    for path, value in KNOWN.items():
        style = with_value(style, path, value)
    for i, image in enumerate(draw_lines(style, _plan(root, seed=9), CROPS).images):
        cv2.imwrite(str(root / "crops" / f"{i:03}.png"), image)
    return root


def _plan(root: Path, seed: int = 0) -> PlanSettings:
    return PlanSettings(corpora=(str(root / "verse.txt"),), min_per_class=0, seed=seed)


def _fit(root: Path, name: str, *more: str) -> Path:
    out = root / f"{name}.toml"
    command = ["style", "fit", str(root / "crops"), "-o", str(out), "-n", "48", *more]
    assert main([*command, "--corpus", str(root / "verse.txt"), "--preset", "document"]) == 0
    return out


@pytest.fixture(scope="module")
def fitted(folder: Path) -> Path:
    return _fit(folder, "mine", "--html", str(folder / "mine.html"))


def test_the_settings_of_the_crops_come_back(fitted: Path) -> None:
    style = load_style(str(fitted))
    assert 0.2 <= style.gray.inverted <= 0.6
    assert 19 <= style.capture.native_px[0] <= 22 and 27 <= style.capture.native_px[1] <= 31
    assert style.capture.jpeg_share == 0.0
    for path, tolerance in (("gray.ground", 12.0), ("surface.noise", 2.5)):
        assert abs(_middle(style, path) - sum(KNOWN[path]) / 2.0) < tolerance  # type: ignore[arg-type]
    assert abs(_middle(style, "geometry.rotation_deg") - 1.2) < 0.35


def test_lines_measure_more_alike_than_those_of_the_preset(folder: Path, fitted: Path) -> None:
    real = measure([_read(path) for path in sorted((folder / "crops").iterdir())])
    plan = _plan(folder)
    before, after = (
        draw_lines(load_style(name), plan, 64).measures for name in ("document", str(fitted))
    )
    for name in ("height_px", "ground", "noise", "slope_deg"):
        assert _apart(real, after, name) < 0.5 * _apart(real, before, name)


def test_the_same_crops_and_seed_give_the_same_file(folder: Path, fitted: Path) -> None:
    before = fitted.read_bytes()
    assert _fit(folder, "mine").read_bytes() == before  # its own file may be replaced
    assert tomllib.loads(before.decode())["preset"] == "document"


def test_the_page_shows_lines_and_distributions(folder: Path, fitted: Path) -> None:
    text = (folder / "mine.html").read_text(encoding="utf-8")
    assert text.count("<figure") == 2 * 24 and text.count('class="plot"') == 11
    assert "geometry.rotation_deg" in text and fitted.read_text(encoding="utf-8")[:20] in text


@pytest.mark.parametrize("what", ["no folder", "too few", "broken", "foreign"])
def test_what_cannot_be_fitted_is_refused_in_one_line(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crops, out = tmp_path / "crops", tmp_path / "mine.toml"
    if what != "no folder":
        crops.mkdir()
        for i in range(3 if what == "foreign" else 2):
            cv2.imwrite(str(crops / f"{i}.png"), np.full((32, 200), 200, np.uint8))
    if what == "broken":
        (crops / "broken.png").write_bytes(b"no image")
        cv2.imwrite(str(crops / "flat.png"), np.full((4, 200), 200, np.uint8))
    if what == "foreign":
        out.write_text('preset = "print"\n', encoding="utf-8")
    assert main(["style", "fit", str(crops), "-o", str(out)]) == 1
    said = capsys.readouterr().err
    expected = {
        "no folder": "is no folder", "too few": "holds 2 images", "foreign": "does not say that",
        "broken": "broken.png (no readable image), flat.png (4 px high, less than 8)",
    }  # fmt: skip
    assert said.count("\n") == 1 and expected[what] in said
    assert out.exists() == (what == "foreign")


def _read(path: Path) -> np.ndarray:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def _middle(style: Style, path: str) -> float:
    section, name = path.split(".")
    return float(np.mean(getattr(getattr(style, section), name)))


def _apart(real: LineMeasures, drawn: LineMeasures, name: str) -> float:
    shares = np.linspace(0.1, 0.9, 9)
    ends = (np.quantile(one.column(name), shares) for one in (real, drawn))
    return float(np.abs(np.subtract(*ends)).mean())


def test_measures_in_which_no_line_differs_are_not_compared(folder: Path) -> None:
    """Crops of one height once made a distance of millions."""
    style = with_value(load_style("document"), "capture.native_px", (24, 24))
    style = with_value(style, "capture.native_share", 1.0)
    scales = _scales([draw_lines(style, _plan(folder), 12).measures])
    assert "height_px" not in scales and scales["ground"] > 1.0
