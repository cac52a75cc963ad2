"""TRDG draws, but what is in the label is what stands in the image, and bytes depend on the index.

Skipped where trdg is not installed: it cannot stand among the dependencies.
"""

import random
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from datagen.alphabet import builtin
from datagen.drawing.style import Style, load_style, with_value
from datagen.drawing.trdg_looks import TextExtent, TrdgLook, set_trdg_line
from datagen.errors import RenderError
from datagen.formats.tar.reader import RenderReader
from datagen.render.job import render
from datagen.render.line_renderer import open_renderer
from datagen.render.render_settings import LookSettings, RenderSettings
from datagen.sample import EFFECTS, Samples
from datagen.text.plan_settings import PlanSettings
from fonts import select
from tests.support import measures
from tests.support.drawn_lines import gray, many_texts, texts_of
from tests.support.measures import drawn
from training.inference.line_reader import LineReader
from training.model.bundled import bundled

FACES = select(("noto-sans-sc-regular", "zcool-xiaowei", "smiley-oblique"))
NARROW = next(i for i, face in enumerate(FACES) if face.name == "zcool-xiaowei")
LINES = ("春眠不觉晓处处闻啼", "jGDP增长4.8%f", "一、二：“三”（四）", "一一一一")


@pytest.fixture(scope="module")
def engine_class() -> type:
    pytest.importorskip("trdg", reason="trdg is not installed: pip install --no-deps trdg==1.8.0")
    from datagen.drawing.trdg_engine import TrdgEngine

    return TrdgEngine


def _many(engine_class: type, n: int, style: Style | None = None, **options: bool) -> Samples:
    engine = engine_class(style or load_style("print"), FACES, builtin(), seed=3, **options)
    lines = [LINES[i % len(LINES)] for i in range(n)]
    samples = engine.draw(texts_of(*lines), np.arange(n))
    assert isinstance(samples, Samples)
    return samples


def test_bytes_depend_on_neither_batch_nor_what_was_drawn_before(engine_class: type) -> None:
    whole = _many(engine_class, 12)
    engine = engine_class(load_style("print"), FACES, builtin(), seed=3)
    for i in reversed(range(12)):
        one = engine.draw(texts_of(LINES[i % len(LINES)]), np.array([i]))
        assert one.images[0] == whole.images[i]
    assert engine.draw(texts_of(LINES[0]), np.array([0]), 1).images[0] != whole.images[0]


def test_global_generators_neither_matter_nor_move(engine_class: type) -> None:
    random.seed(1), np.random.seed(1), cv2.setRNGSeed(1)  # noqa: NPY002
    first = _many(engine_class, 8)
    states = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    noise = cv2.randu(np.zeros(4), 0, 1).tolist()
    random.seed(1), np.random.seed(1), cv2.setRNGSeed(1)  # noqa: NPY002
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]  # type: ignore[index]  # noqa: NPY002
    assert cv2.randu(np.zeros(4), 0, 1).tolist() == noise
    random.seed(2), cv2.setRNGSeed(2)
    assert _many(engine_class, 8).images == first.images


def test_frame_labels_and_masks(engine_class: type) -> None:
    """Ink keeps off the frame, and each line of a readable style shows its ink."""
    samples = _many(engine_class, 40, masks=True)
    assert samples.texts == [LINES[i % len(LINES)] for i in range(40)]
    assert samples.masks is not None
    drawn = [i for i, data in enumerate(samples.images) if data]
    assert len(drawn) > 25
    for i in drawn:
        mask, image = gray(samples.masks[i]), gray(samples.images[i]).astype(float)
        assert image.shape == mask.shape == (32, 280)
        assert not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
        assert image[mask == 0].mean() - image[mask > 0].mean() > 25


def test_centres_and_quads_lie_on_the_ink(engine_class: type) -> None:
    """Hanzi fill their em square: through skew, wave and shrinking the place stays true."""
    style = load_style("print")
    geometry = replace(style.geometry, rotation_deg=(-3.0, 3.0), wave_share=0.7)
    letters = replace(style.letters, spacing_em=(0.3, 0.4), spacing_share=1.0)
    style = replace(style, geometry=geometry, letters=letters)
    samples = _many(engine_class, 60, style, boxes=True, masks=True)
    assert samples.quads is not None and samples.masks is not None
    apart = []
    for i in range(0, 60, len(LINES)):
        if not samples.images[i]:
            continue
        ink = gray(samples.masks[i]) > 0
        for quad, centre in zip(samples.quads[i, :9], samples.centres[i, :9], strict=True):
            inside = cv2.fillConvexPoly(np.zeros((32, 280), np.uint8), quad.astype(np.int32), 1)
            ys, xs = np.nonzero(ink & (inside > 0))
            apart.append((xs.min() + xs.max()) / 2 + 0.5 - centre)
            low, high = quad[:, 1].min(), quad[:, 1].max()
            assert low - 2 < ys.min() and ys.max() < high + 2
    assert len(apart) > 60
    assert abs(np.mean(apart)) < 1.0 and np.std(apart) < 1.5
    assert np.isnan(samples.centres[3, 4:]).all()


def test_widths_are_foreseen(engine_class: type) -> None:
    texts, indices = texts_of("一", "春眠不觉晓处处闻啼鸟"), np.arange(2)
    style = load_style("print")
    assert engine_class(style, FACES, builtin()).widths(texts, indices).tolist() == [280, 280]
    fitted = replace(style, frame=replace(style.frame, width_px=(32, 640), fit_width=True))
    engine = engine_class(fitted, FACES, builtin(), seed=3)
    foreseen = engine.widths(texts, indices)
    drawn = engine.draw(texts, indices).meta["width"].astype(int)
    assert (np.abs(foreseen - drawn) < 0.35 * drawn).all() and foreseen[0] < foreseen[1] / 3


def test_a_line_is_drawn_only_in_a_face_that_has_it(engine_class: type) -> None:
    from datagen.drawing.glyphs import drawable_classes

    able = drawable_classes(FACES, builtin())
    others = [f for f in range(3) if f != NARROW]
    lacking = next(
        c for c in range(1, len(builtin())) if not able[c, NARROW] and able[c, others].all()
    )
    symbol = builtin().symbols[lacking]
    engine = engine_class(load_style("print"), FACES, builtin())
    faces = engine.draw(texts_of(*[symbol + "国家"] * 20), np.arange(20)).meta["face"]
    assert set(faces.tolist()) == set(others)
    alone = engine_class(load_style("print"), [FACES[NARROW]], builtin())
    assert alone.draw(texts_of(symbol), np.arange(1)).images == [b""]


def test_recorded_strengths(engine_class: type) -> None:
    effects = _many(engine_class, 40).meta["effects"].astype(float)
    column = {name: effects[:, i] for i, name in enumerate(EFFECTS)}
    drawn = ~np.isnan(column["size_px"])
    assert column["size_px"][drawn].min() >= 13.9 and column["size_px"][drawn].max() <= 28.1
    assert set(column["noise"][drawn]) <= {0.0, 10.0}
    assert (column["jpeg_quality"][drawn] >= 70).all()


def test_a_render_of_trdg_goes_on_and_depends_on_no_worker(
    engine_class: type, tmp_path: Path
) -> None:
    plan = PlanSettings(corpora=("classical",), min_per_class=0)
    look = LookSettings(engine="trdg")
    settings = RenderSettings(plan, look, n=60, shard_size=25, out=str(tmp_path / "a"), jobs=1)
    render(replace(settings, n=30))
    render(settings)
    render(replace(settings, out=str(tmp_path / "b"), jobs=2, backend="threading"))
    for path in sorted((tmp_path / "a").glob("shard-*")):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    samples = RenderReader(tmp_path / "a").read(range(60))
    assert all(samples.images) and samples.meta["index"].tolist() == list(range(60))


def test_without_trdg_one_line_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    from datagen.drawing import trdg_engine

    trdg_engine._load.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "trdg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "trdg", None)
    plan = PlanSettings(corpora=("classical",), min_per_class=0, seed=11)
    with pytest.raises(RenderError, match=r"pip install --no-deps trdg==1\.8\.0$"):
        open_renderer(plan, LookSettings(engine="trdg"))
    trdg_engine._load.cache_clear()


def test_a_user_s_grounds_are_refused(engine_class: type, tmp_path: Path) -> None:
    style = load_style("print")
    style = replace(style, surface=replace(style.surface, backgrounds=str(tmp_path)))
    with pytest.raises(RenderError, match="--backgrounds goes with --engine lines only"):
        engine_class(style, FACES, builtin())


def _look(**changes: object) -> TrdgLook:
    look = TrdgLook(
        size_px=26, spacing_em=0.5, ink=0, ground=1, angle_deg=0.0, distortion=0, horizontal=False,
        blur_px=0.0, width_px=280, widths_px=(280, 280), margin_px=1.0, max_blur_em=0.045,
        left_px=-1.0, place_x=0.5, place_y=0.5, quality=90,
    )  # fmt: skip
    return replace(look, **changes)  # type: ignore[arg-type]


def _extent(characters: int, overhang: int = 0) -> TextExtent:
    one = np.ones(characters, dtype=np.int64)
    return TextExtent(32 * one, (2 - overhang) * one, (30 + overhang) * one, 37)


def test_lines_are_set_closer_then_smaller_then_refused() -> None:
    settings = {n: set_trdg_line(_look(), _extent(n)) for n in (5, 11, 15, 25)}
    short, close, small = settings[5], settings[11], settings[15]
    assert short is not None and close is not None and small is not None
    assert short.spacing_px == 16 and 0 <= close.spacing_px < 16 and small.spacing_px == 0
    assert abs(short.em_px - 26) < 0.5 and small.em_px < 20
    for setting in (short, close, small):
        assert setting.left >= 1 and setting.left + setting.shrunk[0] <= 279
        assert setting.top >= 1 and setting.top + setting.shrunk[1] <= 31
    assert settings[25] is None


def test_ends_leave_room_for_what_hangs_over() -> None:
    setting = set_trdg_line(_look(spacing_em=0.0), _extent(4, overhang=6))
    assert setting is not None and setting.spacing_px == 4  # of ink that begins 4 px early


def test_width_may_follow_from_the_text() -> None:
    look = _look(widths_px=(64, 400))
    short, long = (set_trdg_line(look, _extent(n)) for n in (3, 9))
    assert short is not None and long is not None
    assert short.look.width_px < long.look.width_px <= 400


@pytest.mark.parametrize(
    ("field", "weak", "strong", "measure"),
    [
        ("letters.size_px", 15.0, 22.0, measures.height),
        ("letters.spacing_em", 0.0, 0.35, measures.width),
        ("gray.ink", 0.0, 110.0, measures.ink_level),
        ("geometry.rotation_deg", -2.0, 2.0, measures.tilt),
        ("blur.gauss_px", 0.3, 1.0, measures.image_softness),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_trdg_takes_from_a_style_shows_in_the_pixels(
    engine_class: type, field: str, weak: float, strong: float, measure: measures.Measure
) -> None:
    style = load_style("plain")
    style = replace(style, letters=replace(style.letters, spacing_share=1.0, spacing_em=(0.1, 0.1)))
    style = replace(style, blur=replace(style.blur, gauss_share=1.0, gauss_px=(0.3, 0.3)))
    values = []
    for strength in (weak, (weak + strong) / 2, strong):
        engine = engine_class(
            with_value(style, field, (strength, strength)), FACES[:1], builtin(), 3, masks=True
        )
        samples = engine.draw(texts_of(*["国国国国国国"] * 12), np.arange(12))
        values.append(drawn(samples).mean(measure))
    assert values[0] < values[1] < values[2]


def test_a_wave_and_noise_are_there_on_their_share_of_lines(engine_class: type) -> None:
    for share in (0.0, 1.0):
        style = with_value(load_style("plain"), "geometry.wave_share", share)
        style = with_value(style, "surface.noise_share", share)
        engine = engine_class(style, FACES[:1], builtin(), 3, masks=True)
        lines = drawn(engine.draw(texts_of(*["国国国国国国国国"] * 12), np.arange(12)))
        assert (lines.mean(measures.bend) > 0.3) == bool(share)
        deviations = [
            measures.ground_deviation(image, cv2.dilate(mask, np.ones((5, 5))))
            for image, mask in zip(lines.images, lines.masks, strict=True)
        ]
        assert (np.mean(deviations) > 3.0) == bool(share)


def test_its_lines_are_read(engine_class: type) -> None:
    """By the bundled network, which never saw TRDG."""
    engine = engine_class(load_style("print"), FACES, builtin(), 3, masks=True)
    lines = drawn(engine.draw(many_texts(20), np.arange(20)))
    reader = LineReader.open(bundled()["crnn_v2"])
    images = [image.round().astype(np.uint8) for image in lines.images]
    symbols = builtin().symbols
    wrong = total = 0
    for decoded, text in zip(reader.decode(images), lines.samples.texts, strict=True):
        wrong += Levenshtein.distance("".join(symbols[c] for c in decoded.class_ids), text)
        total += len(text)
    assert total > 80 and wrong < 0.15 * total, f"{wrong} of {total}"
