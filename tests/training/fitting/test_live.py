"""Live rendering: the lines that `ocrgen render` would write, split as pack splits them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datagen.images import decode_each
from datagen.render.line_renderer import samples_at
from datagen.render.render_settings import LookSettings
from datagen.split import PACKED, Split, SplitRule, by_sentence
from datagen.text.plan_settings import PlanSettings
from training.errors import FitError
from training.fitting.data import step_loader
from training.fitting.live import LiveLines
from training.fitting.order import MIN_IN_TRAINING

LOOK = LookSettings(style="plain", faces=("noto-sans-sc-regular",))
RULE = by_sentence(0.6, seed=5)


@pytest.fixture
def plan(tmp_path: Path) -> PlanSettings:
    words = "春眠不觉晓处闻啼鸟夜来风雨声花落知多少"
    sentences = [words[i:] + words[:i] + "。" for i in range(len(words))]
    (tmp_path / "poem.txt").write_text("\n".join(sentences), encoding="utf-8")
    return PlanSettings(corpora=(str(tmp_path / "poem.txt"),), min_per_class=0, seed=5)


def lines(plan: PlanSettings, split: Split, rule: SplitRule = RULE) -> LiveLines:
    return LiveLines(plan, LOOK, rule, split, 40)


def test_lines_are_those_of_render_where_their_sentence_trains(plan: PlanSettings) -> None:
    indices = np.arange(30)
    drawn = samples_at(plan, LOOK, indices)
    trains = Split.TRAIN.mask(RULE.assign(drawn.meta["sentence"]))
    assert 5 < trains.sum() < 25
    live = lines(plan, Split.TRAIN)
    batch = live.batch(indices)
    texts = [
        live.alphabet.decode(ids[:length])
        for ids, length in zip(batch.class_ids.tolist(), batch.lengths, strict=True)
    ]
    kept = [text == drawn.texts[i] for i, text in enumerate(texts) if trains[i]]
    assert all(kept)
    assert np.isfinite(batch.centres).all() and batch.images[0].shape == (32, 280)


def test_styles_mix_as_in_a_render(plan: PlanSettings) -> None:
    look = LookSettings(style=("plain:1", "rich:3"), faces=LOOK.faces)
    live = LiveLines(plan, look, RULE, Split.TRAIN, 40)
    chosen = live._in_training(np.arange(20))
    drawn = decode_each(samples_at(plan, look, chosen).images)
    assert all(map(np.array_equal, live.batch(np.arange(20)).images, drawn))
    assert {*live.source.mix.choose(plan.seed, chosen).tolist()} == {0, 1}


def test_no_sentence_is_in_both_splits(plan: PlanSettings) -> None:
    sentences = {}
    for split in PACKED:
        live = lines(plan, split)
        chosen = live._held if split == Split.VAL else live._in_training(np.arange(60))
        sentences[split] = set(live.source.plan.texts(chosen).sentence.tolist())
    assert sentences["train"] and sentences["val"] and not sentences["train"] & sentences["val"]


def test_a_batch_depends_on_its_indices_alone(plan: PlanSettings) -> None:
    live = lines(plan, Split.TRAIN)
    whole, part = live.batch(np.arange(20)), live.batch(np.array([13, 7]))
    for row, index in enumerate((13, 7)):
        np.testing.assert_array_equal(part.images[row], whole.images[index])
        np.testing.assert_array_equal(part.class_ids[row], whole.class_ids[index])


def test_lines_of_differing_width_are_sorted_into_batches(plan: PlanSettings) -> None:
    look = LookSettings(faces=LOOK.faces, widths=(32, 640), fit_width=True)
    mixed = replace(plan, length_min=1, length_max=18)
    live = LiveLines(mixed, look, RULE, Split.TRAIN, 1000)
    order = live.order(32, seed=1)
    batches = [order.batch_indices(step) for step in range(order.window_steps)]
    widths = np.array([live.batch(batch).widths for batch in batches])  # (steps, lines)
    foreseen = np.array([live._widths(batch) for batch in batches])
    assert (widths == foreseen).mean() > 0.95  # all but the redrawn
    spreads = np.ptp(np.percentile(widths.reshape(-1, MIN_IN_TRAINING), [10, 90], axis=1), axis=0)
    assert np.median(spreads) < 40 < np.ptp(widths) / 8
    alike = lines(plan, Split.TRAIN).order(32, seed=1)
    assert alike.batch_indices(1).tolist() == list(range(32, 64))


def test_workers_choose_the_lines_of_whole_windows(plan: PlanSettings) -> None:
    look = LookSettings(faces=LOOK.faces, widths=(32, 640), fit_width=True)
    live = LiveLines(replace(plan, length_min=1, length_max=18), look, RULE, Split.TRAIN, 1000)
    steps = range(3, 2 * live.order(300, seed=1).window_steps + 1)  # begins and ends within one
    alone, sent = (
        list(step_loader(live, live.order(300, 1), steps, rank=1, world_size=2, workers=workers))
        for workers in (0, 2)
    )
    assert len(alone) == len(sent) == len(steps)
    for mine, theirs in zip(alone, sent, strict=True):
        for name in ("images", "targets", "indices"):
            for one, other in zip(mine, theirs, strict=True):
                assert torch.equal(getattr(one, name), getattr(other, name))
    chosen = [batch.indices for batches in sent for batch in batches]
    assert len(torch.cat(chosen).unique()) == 150 * len(steps)


def test_a_curriculum_draws_short_lines_first(plan: PlanSettings) -> None:
    look = LookSettings(faces=LOOK.faces, widths=(32, 640), fit_width=True)
    mixed = replace(plan, length_min=1, length_max=17)
    live = LiveLines(mixed, look, RULE, Split.TRAIN, 1000, curriculum_lines=400)
    first, later, last = (live.batch(np.arange(k, k + 100)) for k in (0, 150, 900))
    assert first.lengths.max() <= 7 < 9 < later.lengths.max() <= 12 < last.lengths.max()
    np.testing.assert_array_equal(live.batch(np.array([7])).images[0], first.images[7])
    plain = LiveLines(mixed, look, RULE, Split.TRAIN, 1000)
    np.testing.assert_array_equal(plain.batch(np.arange(900, 1000)).lengths, last.lengths)
    assert plain.fingerprint != live.fingerprint


def test_a_text_with_too_few_sentences_to_validate(plan: PlanSettings) -> None:
    with pytest.raises(FitError, match=r"validate at --split 0\.999999.* lower --split"):
        lines(plan, Split.VAL, by_sentence(0.999999, 5)).batch(np.arange(2))
    other = lines(plan, Split.TRAIN, by_sentence(0.5, 5))
    assert lines(plan, Split.TRAIN).fingerprint != other.fingerprint


@pytest.mark.parametrize("count", [40, 100])  # 100 divides the indices of windows
def test_given_lines_are_trained_on_whatever_their_length(tmp_path: Path, count: int) -> None:
    words = "春眠不觉晓处闻啼鸟夜来风雨声花落知多少"
    texts = [(words[i % 19 :] + words)[: 3 + i % 14] + f"{i}" for i in range(count)]
    (tmp_path / "lines.txt").write_text("\n".join(texts), encoding="utf-8")
    given = PlanSettings(lines=str(tmp_path / "lines.txt"), min_per_class=0, seed=5)
    live = lines(given, Split.TRAIN)
    batch = live.batch(np.arange(2 * count))
    seen = {
        live.alphabet.decode(ids[:length].tolist())
        for ids, length in zip(batch.class_ids, batch.lengths, strict=True)
    }
    held = Split.VAL.mask(live.rule.assign(live.source.plan.texts(np.arange(count)).sentence))
    assert 5 < held.sum() < count - 5
    assert seen == {text for text, validates in zip(texts, held, strict=True) if not validates}
    assert live.facts().name.startswith(f"live rendering of {tmp_path / 'lines.txt'},")
    passes = live._shuffled(np.arange(2 * count)).reshape(2, count) % count
    assert [sorted(rows) for rows in passes.tolist()] == [list(range(count))] * 2
    assert not np.array_equal(*passes) and (np.diff(passes[0]) == 1).mean() < 0.2
    first = LiveLines(given, LOOK, RULE, Split.TRAIN, 40, curriculum_lines=10**6)
    assert first.batch(np.arange(30)).lengths.max() <= 6 < batch.lengths.max()
