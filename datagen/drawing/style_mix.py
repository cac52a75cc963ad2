"""Several styles with their shares of the lines: which one each line has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.style import Style, load_style
from datagen.draws import uniforms
from ocrbase.errors import SettingsError
from ocrbase.settings import to_mapping
from ocrbase.weights import split_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class StyleMix:
    """Styles and how often a line has each.

    Attributes:
        names: presets or files.
        styles: what they hold.
        shares: of the lines, summing to 1.
    """

    names: tuple[str, ...]
    styles: tuple[Style, ...]
    shares: tuple[float, ...]

    def choose(self, seed: int, indices: IntArray) -> IntArray:
        """Position of each line's style, (B,); a pure function of (seed, index)."""
        ends = np.cumsum(self.shares)[:-1]
        drawn = uniforms(seed, "style", indices, 1)[:, 0]
        return np.searchsorted(ends, drawn, side="right").astype(np.int64)

    @property
    def one_width(self) -> bool:
        """Whether all lines have the same width."""
        frames = [style.frame for style in self.styles]
        widths = {width for frame in frames for width in frame.width_px}
        return len(widths) == 1 and not any(frame.fit_width for frame in frames)

    def facts(self) -> Any:
        """What pixels depend on, for a fingerprint; of one style, that style alone."""
        mappings = [to_mapping(style) for style in self.styles]
        if len(mappings) == 1:
            return mappings[0]
        return [list(pair) for pair in zip(self.shares, mappings, strict=True)]

    def to_json(self) -> dict[str, Any]:
        """For a manifest: the style, or each style by its name, with its share."""
        mappings = [to_mapping(style) for style in self.styles]
        if len(mappings) == 1:
            return mappings[0]
        rows = zip(self.names, self.shares, mappings, strict=True)
        return {name: {"share": share, "style": mapping} for name, share, mapping in rows}


def mix_of(style: Style | StyleMix) -> StyleMix:
    """A style as a mix of one."""
    return style if isinstance(style, StyleMix) else StyleMix(("",), (style,), (1.0,))


def load_mix(
    specs: Sequence[str], adapted: Callable[[Style], Style] = lambda style: style
) -> StyleMix:
    """The mix that options name.

    Args:
        specs: presets or TOML files, each with an optional `:WEIGHT`.
        adapted: changes each style.

    Raises:
        SettingsError: if there is no such style, one is listed twice, its values or its weight are
            out of range, or only some have a weight.
    """
    if not specs:
        raise SettingsError("no style given; name one with --style, for example --style print")
    names, shares = zip(*split_shares(specs, "style", SettingsError), strict=True)
    return StyleMix(names, tuple(adapted(load_style(name)) for name in names), shares)


def draw_mixed_looks(mix: StyleMix, seed: int, indices: IntArray, attempt: int = 0) -> FloatArray:
    """As `draw_looks`, each line from its own style, (B, len(Look))."""
    chosen = mix.choose(seed, indices)
    table = np.zeros((len(indices), len(Look)))
    for position, style in enumerate(mix.styles):
        rows = chosen == position
        table[rows] = draw_looks(style, seed, indices[rows], attempt)
    table[:, Look.STYLE] = chosen
    return table
