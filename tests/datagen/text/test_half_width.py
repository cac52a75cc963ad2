"""Punctuation in half width on a share of the lines."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from datagen.alphabet import load
from datagen.cli import main
from datagen.formats.tar.reader import RenderReader
from datagen.text.plan import WindowPlan, make_plan
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError

TEXT = "今天，天气很好。（大家）出门；你说：“去哪里？”他笑了！第，三。句，话。\n" * 20
FULL, HALF = "，。；：？！（）“”", ',.;:?!()""'
LINES = np.arange(4000)


def plan_of(folder: Path, share: float, alphabet: str | None = None) -> WindowPlan:
    path = folder / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    plan = make_plan(
        PlanSettings((str(path),), length_min=6, length_max=6, min_per_class=0,
                     half_width=share, alphabet=alphabet)
    )  # fmt: skip
    assert isinstance(plan, WindowPlan)
    return plan


def texts_of(plan: WindowPlan, indices: np.ndarray = LINES) -> list[str]:
    return [plan.alphabet.decode(row) for row in plan.texts(indices).class_ids]


def test_a_share_of_the_lines_has_all_its_marks_in_half_width(tmp_path: Path) -> None:
    plain, mixed = (texts_of(plan_of(tmp_path, share)) for share in (0.0, 0.3))
    changed = 0
    for before, after in zip(plain, mixed, strict=True):
        assert after in (before, before.translate(str.maketrans(FULL, HALF)))
        changed += after != before
    marked = sum(any(mark in line for mark in FULL) for line in plain)
    assert changed / marked == pytest.approx(0.3, abs=0.04)
    assert texts_of(plan_of(tmp_path, 0.3), LINES[1000:]) == mixed[1000:]


def test_marks_without_both_forms_in_the_alphabet_stay(tmp_path: Path) -> None:
    symbols = load(None).symbols
    plan = plan_of(tmp_path, 1.0)
    lines = "".join(texts_of(plan))
    for full, half in zip(FULL, HALF, strict=True):
        if full in symbols:
            assert (full in lines) != (half in symbols)


def test_coverage_counts_them(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 1.0, "general")
    report, before = plan.coverage_report(4000), plan_of(tmp_path, 0.0, "general")
    counts = np.bincount(plan.texts(LINES).class_ids.ravel(), minlength=len(plan.alphabet))
    expected = plan.marks.expected(before.windows.expected(len(plan.alphabet))) * 4000
    assert np.allclose(counts, expected, rtol=0.2, atol=12)
    # Both quotation marks become one class.
    assert report.plain.never == before.coverage_report(4000).plain.never + 1


def test_the_fingerprint_and_the_option(tmp_path: Path) -> None:
    prints = [plan_of(tmp_path, share).fingerprint for share in (0.0, 0.1, 0.2)]
    assert len(set(prints)) == 3
    with pytest.raises(SettingsError, match=r"half_width 2: give a share from 0 to 1"):
        PlanSettings(half_width=2)
    words = ["render", "--corpus", str(tmp_path / "text.txt"), "--half-width", "1", "-n", "20"]
    words += ["--jobs", "1", "--out", str(tmp_path / "r"), "--min-per-class", "0"]
    assert CliRunner().invoke(main, words).exit_code == 0
    texts = RenderReader(tmp_path / "r").read(range(20)).texts
    assert "," in "".join(texts) and "，" not in "".join(texts)
