"""Styles mixed by weight: each line is that of its own style, and which one is a pure function."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from datagen.alphabet import builtin
from datagen.drawing.engine import LineEngine
from datagen.drawing.style import Style, load_style, with_value
from datagen.drawing.style_mix import StyleMix, load_mix
from fonts import select
from ocrbase.errors import SettingsError
from ocrbase.settings import to_mapping
from tests.support.drawn_lines import many_texts

FACES = select(("noto-sans-sc-regular", "arphic-song-gb"))
INDICES = np.arange(400)


def _engine(style: Style | StyleMix) -> LineEngine:
    return LineEngine(style, FACES, builtin(), seed=5, masks=True)


def test_shares_are_those_of_the_weights_and_depend_on_seed_and_index_alone() -> None:
    mix = load_mix(("print:3", "plain:6", "rich:1"))
    assert mix.shares == (0.3, 0.6, 0.1)
    chosen = mix.choose(5, np.arange(20_000))
    assert np.bincount(chosen) / 20_000 == pytest.approx(mix.shares, abs=0.012)
    few = np.array([17_003, 4, 99])
    assert (mix.choose(5, few) == chosen[few]).all()
    assert (mix.choose(6, np.arange(20_000)) != chosen).mean() > 0.3


def test_a_line_is_what_its_style_alone_would_give(tmp_path: Path) -> None:
    """Frames that follow the text, the bound of the blur and the grounds are those of the style."""
    photograph = np.random.default_rng(0).integers(0, 255, (60, 400), np.uint8)
    cv2.imwrite(str(tmp_path / "ground.png"), photograph)
    plain, rich = load_style("plain"), load_style("rich")
    styles = (
        plain,
        replace(rich, frame=replace(rich.frame, width_px=(32, 400), fit_width=True)),
        with_value(with_value(rich, "blur.max_em", 0.2), "blur.gauss_share", 1.0),
        replace(
            plain,
            surface=replace(plain.surface, backgrounds=str(tmp_path), backgrounds_share=1.0),
        ),
    )
    mix = StyleMix(("a", "b", "c", "d"), styles, (0.25,) * 4)
    texts, chosen = many_texts(len(INDICES)), mix.choose(5, INDICES)
    for attempt in (0, 1):
        mixed = _engine(mix).draw(texts, INDICES, attempt)
        for position, style in enumerate(styles):
            alone = _engine(style).draw(texts, INDICES, attempt)
            assert all(
                mixed.images[i] == alone.images[i] for i in np.flatnonzero(chosen == position)
            )
    widths = _engine(mix).widths(texts, INDICES)
    assert len({*widths[chosen == 1].tolist()}) > 3 and {*widths[chosen != 1].tolist()} == {280}


def test_the_fingerprint_of_a_mix_tells_shares_and_styles_and_one_style_is_itself() -> None:
    alone = _engine(load_style("print")).fingerprint
    assert _engine(load_mix(("print",))).fingerprint == alone
    assert _engine(load_mix(("print:0.3",))).fingerprint == alone
    assert load_mix(("print",)).facts() == to_mapping(load_style("print"))
    mixes = [
        ("print:1", "rich:1"),
        ("print:1", "rich:2"),
        ("rich:1", "print:1"),
        ("print", "plain"),
    ]
    assert len({alone, *(_engine(load_mix(mix)).fingerprint for mix in mixes)}) == 5
    assert (
        _engine(load_mix(("print", "rich"))).fingerprint
        == _engine(load_mix(("print:2", "rich:2"))).fingerprint
    )


def test_all_lines_of_a_mix_have_one_width_only_if_all_styles_agree() -> None:
    assert load_mix(("print", "rich")).one_width
    wide = with_value(load_style("print"), "frame.width_px", (320, 320))
    fitted = with_value(load_style("print"), "frame.fit_width", True)
    for other in (wide, fitted):
        assert not StyleMix(("a", "b"), (load_style("print"), other), (0.5, 0.5)).one_width


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        ((), "no style given"),
        (("print:1", "rich"), "no weight for rich: give each style a weight, or none"),
        (("print:1", "print:2"), "style listed twice: print"),
        (("print:0", "rich:1"), "the weight of a style must be"),
        (("print", "glossy"), "no style 'glossy'"),
    ],
)
def test_what_cannot_be_mixed_is_refused_in_one_line(specs: tuple[str, ...], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_mix(specs)
