"""The table of effects covers the style: every number has its limits, every row its field."""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pytest

from datagen.drawing.effects import EFFECTS, described, value_at
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks, strength_of
from datagen.drawing.style import Style, check, load_style, preset_names, with_value
from datagen.sample import EFFECTS as RECORDED_NAMES
from ocrbase.errors import SettingsError

# Pairs of numbers in a style that are no effect's strength.
NO_EFFECT = {"frame.width_px", "geometry.wave_length_px"}


def _numbers(style: Style) -> Iterator[tuple[str, object]]:
    for section in fields(style):
        part = getattr(style, section.name)
        for item in fields(part):
            value = getattr(part, item.name)
            if not isinstance(value, bool | str):
                yield f"{section.name}.{item.name}", value


def test_every_range_of_the_style_is_an_effects_or_explicitly_none() -> None:
    ranges = {name for name, value in _numbers(Style()) if isinstance(value, tuple)}
    assert ranges == {effect.range for effect in EFFECTS if effect.range} | NO_EFFECT
    shares = {name for name, _ in _numbers(Style()) if name.endswith("share")}
    shares -= {"capture.mono_share"}  # of the lines that have another effect
    assert shares | {"gray.inverted"} == {effect.share for effect in EFFECTS if effect.share}


@pytest.mark.parametrize("name", [name for name, _ in _numbers(Style())])
def test_every_number_of_the_style_has_limits(name: str) -> None:
    for wrong in (-1e6, 1e6, float("nan")):
        value = value_at(Style(), name)
        style = with_value(Style(), name, (wrong, wrong) if isinstance(value, tuple) else wrong)
        with pytest.raises(SettingsError, match=f"^x: {name} = {wrong} is outside"):
            check(style, "x")


def test_a_row_names_its_effect_once_and_its_limits_hold_the_presets() -> None:
    assert len({effect.name for effect in EFFECTS}) == len(EFFECTS)
    for preset in preset_names():
        check(load_style(preset), preset)
        assert len(described(load_style(preset))) == len(EFFECTS)


def test_metadata_keeps_strengths_in_the_order_of_its_format() -> None:
    assert RECORDED_NAMES == (
        "size_px", "stretch", "spacing_em", "weight", "ink", "ground", "blur_px", "motion_px",
        "resample", "perspective_px", "rotation_deg", "wave_px", "noise", "slope", "jpeg_quality",
    )  # fmt: skip


@pytest.mark.parametrize("effect", [e for e in EFFECTS if e.range], ids=lambda e: e.name)
def test_strengths_are_drawn_within_the_range_on_its_share_of_lines(effect) -> None:  # type: ignore[no-untyped-def]
    low, high = effect.limits
    low, high = low + (high - low) / 3, high - (high - low) / 3
    if effect.whole:
        low, high = round(low), round(high)
    style = with_value(load_style("plain"), effect.range, (low, high))
    if effect.share:
        style = with_value(style, effect.share, 0.5)
    strength = strength_of(effect, draw_looks(style, 0, np.arange(2000)))
    has = (strength >= low - 1e-9) & (strength <= high + 1e-9)
    has &= (strength != effect.none) | (effect.share == "")
    assert (has | (strength == effect.none)).all()
    assert has.mean() == pytest.approx(0.5 if effect.share else 1.0, abs=0.05)
    assert np.ptp(strength[has]) > 0.9 * (high - low)


def test_adding_an_effect_leaves_other_draws_alone() -> None:
    style, indices = load_style("print"), np.arange(50)
    other = replace(style, surface=replace(style.surface, paper_share=1.0))
    a, b = draw_looks(style, 0, indices), draw_looks(other, 0, indices)
    changed = {Look(c) for c in np.nonzero((a != b).any(axis=0))[0]}
    assert changed == {Look.PAPER}
