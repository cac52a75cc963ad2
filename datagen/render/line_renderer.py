"""Plan and engine together: the samples of any indices, redrawn where the first try fails."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.engine import LineEngine
from datagen.drawing.style import Style, check
from datagen.drawing.style_mix import StyleMix, load_mix, mix_of
from datagen.errors import RenderError
from datagen.formats.manifest import library_versions
from datagen.render.render_settings import LookSettings
from datagen.sample import Engine, Samples
from datagen.text.given_lines import LinesPlan
from datagen.text.plan import WindowPlan, make_plan
from datagen.text.plan_settings import PlanSettings
from fonts import Face, companions, select
from fonts.report import orphan_message

MAX_ATTEMPTS = 20
SAME_TEXT_ATTEMPTS = 8  # most lines fail by their look; rare characters must not be lost by it
LIBRARIES = ("ocrgen", "numpy", "numba", "opencv-python-headless", "pillow", "lmdb", "trdg")

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class LineRenderer:
    """Draws any sample, in any process: a plan that says what to write, an engine that draws it."""

    plan: WindowPlan | LinesPlan
    engine: Engine
    faces: tuple[Face, ...]
    mix: StyleMix

    def identity(self) -> dict[str, Any]:
        """What bytes depend on besides the settings."""
        return {
            "plan": self.plan.fingerprint,
            "engine": self.engine.fingerprint,
            "libraries": library_versions(LIBRARIES),
        }

    def samples(self, indices: IntArray) -> Samples:
        """Draw samples; one that cannot be drawn gets another look, at last another text too.

        Raises:
            RenderError: names the sample that could not be drawn.
        """
        samples = self.engine.draw(self.plan.texts(indices), indices)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            failed = np.array([i for i, image in enumerate(samples.images) if not image], np.int64)
            if not len(failed):
                return samples
            again = indices[failed]
            texts = self.plan.texts(again, 0 if attempt <= SAME_TEXT_ATTEMPTS else attempt)
            samples = samples.replace_rows(failed, self.engine.draw(texts, again, attempt))
        raise RenderError(_undrawable(samples, indices, self.faces))

    def widths(self, indices: IntArray) -> IntArray:
        """About the width in px that the image of each sample will have, (B,); draws nothing."""
        return self.engine.widths(self.plan.texts(indices), indices)


@lru_cache(maxsize=2)
def open_renderer(plan_settings: PlanSettings, look: LookSettings) -> LineRenderer:
    """The plan and engine of some settings; opened once per process.

    Raises:
        UserError: whatever is wrong with corpora, alphabet, faces or style.
    """
    plan = make_plan(plan_settings)
    home = None if plan_settings.home is None else Path(plan_settings.home)
    faces = select(look.faces, home=home, system=look.system_fonts)
    mix = styles_of(look)
    options: dict[str, Any] = {"boxes": look.boxes, "masks": look.masks}
    if look.engine == "lines" and any(s.letters.companion_share > 0.0 for s in mix.styles):
        options["companions"] = companions(home=home)
    engine = _engine_of(look)(mix, faces, plan.alphabet, plan_settings.seed, **options)
    return LineRenderer(plan, engine, faces, mix)


def renderer_in(style: Style, plan: PlanSettings, faces: tuple[str, ...] = ()) -> LineRenderer:
    """A renderer in a style that stands in no file; its glyphs serve the next style too.

    Raises:
        UserError: whatever is wrong with corpora, alphabet or faces.
    """
    # Opened in a style with companions, so that any style may have them.
    renderer = open_renderer(plan, LookSettings(style="document", faces=faces))
    assert isinstance(renderer.engine, LineEngine)  # the default of LookSettings
    mix = mix_of(style)
    return replace(renderer, engine=renderer.engine.restyled(mix), mix=mix)


def current_renderer(plan: PlanSettings, look: LookSettings) -> LineRenderer:
    """As `open_renderer`, opened anew where the text or the style file has changed since."""
    renderer = open_renderer(plan, look)
    if (make_plan(plan).fingerprint, styles_of(look)) != (renderer.plan.fingerprint, renderer.mix):
        open_renderer.cache_clear()
    return open_renderer(plan, look)


def _engine_of(look: LookSettings) -> Callable[..., Engine]:
    if look.engine == "lines":
        return LineEngine
    from datagen.drawing.trdg_engine import TrdgEngine

    return TrdgEngine


def styles_of(look: LookSettings) -> StyleMix:
    """The styles of presets or files, with what the command line overrides."""
    return load_mix(look.styles, lambda style: _overridden(style, look))


def _overridden(style: Style, look: LookSettings) -> Style:
    frame = style.frame
    if look.widths is not None:
        frame = replace(frame, width_px=look.widths)
    if look.fit_width:
        frame = replace(frame, fit_width=True)
    style = replace(style, frame=frame)
    if look.backgrounds is not None:
        style = replace(style, surface=replace(style.surface, backgrounds=look.backgrounds))
    check(style, "--width")
    return style


def samples_at(plan: PlanSettings, look: LookSettings, indices: IntArray) -> Samples:
    """The samples of any indices: what `ocrgen render` writes, for preview and live training."""
    return open_renderer(plan, look).samples(indices)


def _undrawable(samples: Samples, indices: IntArray, faces: tuple[Face, ...]) -> str:
    row = next(i for i, image in enumerate(samples.images) if not image)
    sample = f"sample {indices[row]:,} ({samples.texts[row]!r})"
    orphans = orphan_message(faces, samples.texts[row])
    if orphans:
        return f"{sample} could not be drawn in {MAX_ATTEMPTS} attempts: {orphans}"
    return (
        f"{sample} could not be drawn in {MAX_ATTEMPTS} attempts: no chosen face has all of its"
        " characters, it is too long for the frame (characters would be smaller than the style's"
        " capture.min_em_px), or the style leaves too little contrast; choose more --faces, a wider"
        " frame or another --style"
    )
