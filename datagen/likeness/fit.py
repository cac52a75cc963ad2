"""A style whose lines measure like real ones.

The preset whose lines are nearest is taken, and its ranges are moved in rounds: lines are drawn,
measured and compared with the real ones quantile by quantile, and each range follows the difference
of its measure. Effects that share a measure (a gamma and the ink, a lens and a Gaussian) are thus
matched in what they show together, which no estimator could tell apart in a single line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.effects import Span, value_at
from datagen.drawing.style import LIMITS, Style, load_style, preset_names, with_value
from datagen.images import UintImages
from datagen.likeness import DRAWN_LINES
from datagen.likeness.drawn import DrawnLines, draw_lines
from datagen.likeness.measures import LineMeasures, measure
from datagen.likeness.recovery import ALL, MOVED, MeasuredSetting, Recovery, recovery, spread_all
from datagen.text.plan_settings import PlanSettings

FloatArray = NDArray[np.float64]

ROUNDS = 6
_GAIN = 0.7  # of the difference that a range follows in one round
_LOW, _HIGH = 0.15, 0.85  # quantiles that set a range: a tenth of few lines is one line
_ENDS = _HIGH - _LOW  # of a uniform range, between those quantiles
_QUANTILES = np.linspace(0.05, 0.95, 10)
_NOT_TRAINED_ON = ("plain",)  # has no variety in what no measure shows
MIN_RANK = 0.2  # rank correlation under which a setting does not show in its measure
_SPREAD_RANK = 0.5  # the same, under which the width of its range does not
_COMPARED = ("height_px", *(setting.measure for setting in MOVED))
_FRAME_PX = (32, 1280)
_MAX_CHARACTERS = 40
_MAX_BLUR_EM = 0.08
_MIN_CONTRAST = 20.0
_MIN_SCALE = 1e-6  # under which drawn lines do not differ


@dataclass(frozen=True)
class StyleFit:
    """A fitted style and what it was fitted by.

    Attributes:
        preset: that it starts from.
        style: fitted.
        plan: text of the drawn lines, of the lengths of the real ones.
        real: measures of the real lines.
        before: lines of the preset.
        after: lines of the fitted style, others than those that it was fitted with.
        known: how each setting shows in its measure around this style.
        scales: what one unit of distance is, per measure.
        rounds: distance of the lines of each round.
    """

    preset: str
    style: Style
    plan: PlanSettings
    real: LineMeasures
    before: DrawnLines
    after: DrawnLines
    known: dict[str, Recovery]
    scales: dict[str, float]
    rounds: tuple[float, ...]

    def distances(self, drawn: DrawnLines) -> dict[str, float]:
        """How far drawn lines are from the real ones, per measure."""
        return _distances(self.real, drawn.measures, self.scales)

    def uncertainty(self, setting: MeasuredSetting) -> float:
        """Standard error of the middle of a setting's range, in its unit, by the number of crops.

        NaN for a setting that does not show.
        """
        values, known = self.real.column(setting.measure), self.known[setting.measure]
        if len(values) < 2 or abs(known.rank_correlation) < MIN_RANK:
            return float("nan")
        return float(values.std(ddof=1) / np.sqrt(len(values)) / abs(known.slope))


def fit_style(
    crops: Sequence[UintImages],
    *,
    corpora: tuple[str, ...] = ("news",),
    seed: int = 0,
    lines: int = DRAWN_LINES,
    preset: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> StyleFit:
    """Fit a style to real line images; the same crops and seed give the same style.

    Args:
        crops: gray (H, W), as they were captured, at most 64 px high.
        corpora: text of the lines that are drawn.
        seed: of all draws.
        lines: drawn per round.
        preset: name or file of a style to start from; empty for the preset nearest to the crops.
        progress: called with (steps done, steps to do).

    Raises:
        UserError: whatever is wrong with the text.
    """
    presets = (preset,) if preset else tuple(n for n in preset_names() if n not in _NOT_TRAINED_ON)
    total = len(presets) + ROUNDS + 2
    real = measure(crops, jpeg=True)
    plan = _plan(crops, real, corpora, seed)
    drawn: dict[str, DrawnLines] = {}
    for done, name in enumerate(presets):
        progress(done, total)
        drawn[name] = draw_lines(_prepared(load_style(name), real), plan, lines)
    scales = _scales([one.measures for one in drawn.values()])
    preset = min(presets, key=lambda name: _distance(real, drawn[name].measures, scales))
    style = _prepared(load_style(preset), real)
    progress(len(presets), total)
    spread = draw_lines(spread_all(style), plan, lines, jpeg=True)
    known = _known(spread)
    style = _with_jpeg(style, real, known["jpeg"])
    style, rounds = _moved(
        style, real, plan, known, scales, lines, lambda k: progress(len(presets) + 1 + k, total)
    )
    style = _tidied(style, load_style(preset))
    before = draw_lines(load_style(preset), plan, lines, start=lines)
    after = draw_lines(style, plan, lines, start=lines)
    progress(total, total)
    return StyleFit(preset, style, plan, real, before, after, known, scales, rounds)


def _plan(
    crops: Sequence[UintImages], real: LineMeasures, corpora: tuple[str, ...], seed: int
) -> PlanSettings:
    """Text of about as many characters as the real lines have."""
    text_px = real.text_height * real.height_px
    widths = np.array([crop.shape[1] for crop in crops]) - real.beside * real.height_px
    characters = (widths / text_px)[np.isfinite(text_px)]
    if not len(characters):
        return PlanSettings(corpora=corpora, seed=seed)
    least, most = np.clip(np.quantile(characters, (0.1, 0.9)).round(), 2, _MAX_CHARACTERS)
    return PlanSettings(corpora=corpora, seed=seed, length_min=int(least), length_max=int(most))


def _prepared(style: Style, real: LineMeasures) -> Style:
    """The style with what is read off the real lines at once: heights, polarity, what may be."""
    low, high = np.clip(np.quantile(real.height_px, (0.05, 0.95)), *LIMITS["capture.native_px"])
    values: dict[str, object] = {
        "frame.fit_width": True,
        "frame.width_px": _FRAME_PX,
        "capture.native_px": (round(low), round(high)),
        "capture.native_share": 1.0,
        "gray.inverted": round(float(real.inverted.mean()), 3),
    }
    contrast = (real.ground - real.ink)[np.isfinite(real.ink)]
    if len(contrast):
        palest = max(_MIN_CONTRAST, 0.7 * float(np.quantile(contrast, 0.05)))
        values["gray.min_contrast"] = round(min(style.gray.min_contrast, palest), 1)
        blur_em = real.blur_px / (real.text_height * real.height_px)
        softest = min(_MAX_BLUR_EM, float(np.nanquantile(blur_em, _HIGH)))
        values["blur.max_em"] = round(max(style.blur.max_em, softest), 3)
    for path, value in values.items():
        style = with_value(style, path, value)
    return style


def _known(spread: DrawnLines) -> dict[str, Recovery]:
    """How each setting shows in its measure, what all the others do to it taken away.

    Args:
        spread: lines with all settings over their whole spreads.
    """
    settings = np.stack([s.strength(spread.looks) for s in ALL], axis=1)  # (N, settings)
    apart = settings - settings.mean(axis=0)
    found = {}
    for k, setting in enumerate(ALL):
        measured = getattr(spread.measures, setting.measure)
        there = np.isfinite(measured)
        table = np.column_stack([apart[there], np.ones(there.sum())])
        weights = np.linalg.lstsq(table, measured[there], rcond=None)[0][:-1]
        others = np.where(np.arange(len(ALL)) == k, 0.0, weights)
        found[setting.measure] = recovery(settings[:, k], measured - apart @ others)
    return found


def _with_jpeg(style: Style, real: LineMeasures, known: Recovery) -> Style:
    """The style with the qualities that were found, and as many lines as surely had one."""
    qualities = real.column("jpeg")
    share = min(1.0, len(qualities) / max(1, len(real)) / max(known.found, 0.1))
    style = with_value(style, "capture.jpeg_share", round(share, 2))
    if not len(qualities):
        return style
    low, high = np.quantile(qualities, (0.05, 0.95)).round().astype(int).tolist()
    return with_value(style, "capture.jpeg", (low, high))


def _moved(
    style: Style,
    real: LineMeasures,
    plan: PlanSettings,
    known: dict[str, Recovery],
    scales: dict[str, float],
    lines: int,
    progress: Callable[[int], None],
) -> tuple[Style, tuple[float, ...]]:
    """The nearest style of some rounds, and the distance of each round."""
    best, rounds = style, []
    for k in range(ROUNDS + 1):
        progress(k)
        drawn = draw_lines(style, plan, lines).measures
        rounds.append(_distance(real, drawn, scales))
        if rounds[-1] == min(rounds):
            best = style
        for setting in MOVED:
            style = _step(style, setting, real, drawn, known[setting.measure])
    return best, tuple(rounds)


def _step(
    style: Style, setting: MeasuredSetting, real: LineMeasures, drawn: LineMeasures, known: Recovery
) -> Style:
    """The style with one range a part of the way towards the real lines."""
    wanted, there = real.column(setting.measure), drawn.column(setting.measure)
    if len(wanted) < 2 or len(there) < 2 or known.rank_correlation < MIN_RANK:
        return style
    low, high = present_range(style, setting)
    (w_low, w_high), (t_low, t_high) = (np.quantile(v, (_LOW, _HIGH)) for v in (wanted, there))
    middle = (low + high + _GAIN * (w_low + w_high - t_low - t_high) / known.slope) / 2.0
    wider = _GAIN * ((w_high - w_low) - (t_high - t_low)) / known.slope / _ENDS
    half = max(0.0, (high - low + (wider if known.rank_correlation > _SPREAD_RANK else 0.0)) / 2.0)
    ends = np.clip((middle - half, middle + half), *LIMITS[setting.path]).round(3).tolist()
    return setting.ranging(style, (ends[0], ends[1]))


def _tidied(style: Style, start: Style) -> Style:
    """The style with effects of no strength left out, in place of ranges of nothing."""
    for setting in MOVED:
        if setting.share and value_at(style, setting.path) == (0.0, 0.0):
            style = with_value(style, setting.path, value_at(start, setting.path))
            style = with_value(style, setting.share, 0.0)
    return style


def present_range(style: Style, setting: MeasuredSetting) -> Span:
    """What a style has of a setting, a range from 0 for a largest value; none where no line has."""
    value = value_at(style, setting.path)
    if not isinstance(value, tuple):
        return (0.0, float(value))
    if setting.share and value_at(style, setting.share) == 0.0:
        return (0.0, 0.0)
    return (float(value[0]), float(value[1]))


def _scales(drawn: Sequence[LineMeasures]) -> dict[str, float]:
    """What lines of all presets differ by, per measure in which they do.

    Lines are drawn at the heights of the real ones: in crops of one height, nothing is compared.
    """
    pooled = {name: np.concatenate([one.column(name) for one in drawn]) for name in _COMPARED}
    spread = {name: float(values.std()) for name, values in pooled.items() if len(values)}
    return {name: scale for name, scale in spread.items() if scale > _MIN_SCALE}


def _distances(
    real: LineMeasures, drawn: LineMeasures, scales: dict[str, float]
) -> dict[str, float]:
    """Mean distance of the quantiles in scales, per measure that both have (Wasserstein's)."""
    found = {}
    for name, scale in scales.items():
        a, b = real.column(name), drawn.column(name)
        if len(a) and len(b):
            apart = np.abs(np.quantile(a, _QUANTILES) - np.quantile(b, _QUANTILES))
            found[name] = float(apart.mean()) / scale
    return found


def _distance(real: LineMeasures, drawn: LineMeasures, scales: dict[str, float]) -> float:
    return float(np.mean(list(_distances(real, drawn, scales).values())))
