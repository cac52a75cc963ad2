"""A style under construction."""

from pathlib import Path

import numpy as np
import pytest

from datagen.drawing.effects import EFFECTS
from datagen.drawing.style import load_style
from datagen.images import decode_each
from datagen.render.line_renderer import samples_at
from datagen.render.render_settings import LookSettings
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError
from pipelines.studio.style_draft import StyleDraft

SIZE, QUALITY, NOISE = (
    next(effect for effect in EFFECTS if effect.name == name) for name in ("size", "jpeg", "noise")
)


def test_the_file_of_a_draft_gives_its_style(tmp_path: Path) -> None:
    draft = StyleDraft().from_preset("rich")
    draft = draft.with_range(SIZE, 12.5, 20).with_range(QUALITY, 40.2, 61).with_share(NOISE, 0.25)
    path = tmp_path / "mine.toml"
    path.write_text(draft.toml(), encoding="utf-8")
    assert load_style(str(path)) == draft.style
    assert draft.style.jpeg.quality == (40, 61)
    assert "ink" not in draft.toml()  # what equals the preset is not written


def test_an_unchanged_draft_is_its_preset() -> None:
    assert StyleDraft().toml().endswith('preset = "print"\n')
    assert "--style print " in StyleDraft().command("mine.toml")
    assert "--style mine.toml " in StyleDraft().with_share(NOISE, 0.0).command("mine.toml")


def test_values_outside_of_their_limits_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"letters\.size_px"):
        StyleDraft().with_range(SIZE, 1.0, 20.0)


@pytest.mark.parametrize("preset", ["rich", "document"])  # without companions, and with them
def test_drawn_lines_are_those_of_a_render(preset: str) -> None:
    plan = PlanSettings(corpora=("technical",), alphabet="general", min_per_class=0)
    drawn = StyleDraft(plan=plan).from_preset(preset).draw(12)
    rendered = samples_at(plan, LookSettings(style=preset), np.arange(12))
    rendered = rendered.take(np.flatnonzero(rendered.meta["attempt"] == 0))
    assert len(drawn) > 6
    assert [line.text for line in drawn] == rendered.texts
    for line, pixels in zip(drawn, decode_each(rendered.images), strict=True):
        assert np.array_equal(line.pixels, pixels)
        assert "jpeg_quality" in line.note
