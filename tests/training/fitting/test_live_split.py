"""Live rendering beside packed data: no sentence moves between the splits."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datagen.formats.lmdb.reader import LmdbReader, split_rule
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.render.job import render
from datagen.render.render_settings import LookSettings, RenderSettings
from datagen.split import Split
from datagen.text.plan_settings import PlanSettings
from training.fitting.fit import fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.live import LiveLines
from training.fitting.run_folder import resumed
from training.fitting.sources import open_sources

LOOK = LookSettings(style="plain", faces=("noto-sans-sc-regular",))


@pytest.fixture
def plan(tmp_path: Path) -> PlanSettings:
    words = "春眠不觉晓处闻啼鸟夜来风雨声花落知多少"
    sentences = [words[i:] + words[:i] + "。" for i in range(len(words))]
    (tmp_path / "poem.txt").write_text("\n".join(sentences), encoding="utf-8")
    return PlanSettings(corpora=(str(tmp_path / "poem.txt"),), min_per_class=0, seed=5)


def test_live_lines_obey_the_split_that_packed_data_keeps(
    plan: PlanSettings, tmp_path: Path
) -> None:
    out, data = str(tmp_path / "renders" / "poem"), str(tmp_path / "lmdb")
    render(RenderSettings(plan=plan, look=LOOK, n=200, out=out, jobs=1))
    pack(PackSettings((str(tmp_path / "renders"),), out=data, split=0.6, seed=9, jobs=1))
    rule = split_rule(Path(data))

    settings = FitSettings(
        live=True, data=(data,), plan=plan, look=LOOK, live_lines=60, seed=5, validation_lines=20
    )
    sources = open_sources(settings)
    for split, live in ((Split.TRAIN, sources.train), (Split.VAL, sources.validation)):
        assert isinstance(live, LiveLines) and live.rule == rule
        chosen = live._held if split == Split.VAL else live._in_training(np.arange(60))
        drawn = set(live.source.plan.texts(chosen).sentence.tolist())
        other = LmdbReader(Path(data), Split.VAL if split == Split.TRAIN else Split.TRAIN)
        packed = {h for _, s in other.tables() for h in s.meta["sentence"].tolist()}
        assert drawn and packed and not drawn & packed


def test_runs_with_other_seeds_validate_on_the_same_sentences(plan: PlanSettings) -> None:
    texts: dict[Split, list[set[int]]] = {split: [] for split in (Split.TRAIN, Split.VAL)}
    for seed in (1, 2):
        settings = FitSettings(
            live=True, data=(), plan=plan, look=LOOK, live_lines=60, seed=seed, split=0.6,
            validation_lines=20,
        )  # fmt: skip
        sources = open_sources(settings)
        for split, live in ((Split.TRAIN, sources.train), (Split.VAL, sources.validation)):
            assert isinstance(live, LiveLines)
            chosen = live._held if split == Split.VAL else live._in_training(np.arange(60))
            texts[split].append(set(live.source.plan.texts(chosen).sentence.tolist()))
        assert sources.rule != open_sources(replace(settings, split_seed=7)).rule
    assert texts[Split.TRAIN][0] & texts[Split.TRAIN][1]
    assert not set.union(*texts[Split.TRAIN]) & set.union(*texts[Split.VAL])


def test_a_live_run_of_an_earlier_release_keeps_the_split_of_its_seed(
    plan: PlanSettings, tmp_path: Path
) -> None:
    settings = FitSettings(
        run="a", model="crnn", width_multiplier=0.125, hidden=8, live=True, data=(), split=0.6,
        split_seed=5, plan=plan, look=LOOK, live_lines=60, batch_size=10, max_steps=2,
        alignment_lines=0, validation_lines=20, gpus=0, seed=5, schedule="wsd",
    )  # fmt: skip
    rank = Rank(0, 1, torch.device("cpu"), 1)
    fit(settings, open_sources(settings), rank, runs=tmp_path)
    path = tmp_path / "a" / "settings.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored.pop("split_seed") == 5
    path.write_text(json.dumps(stored), encoding="utf-8")
    again = resumed({"run": "a", "max_steps": 3}, runs=tmp_path)
    assert fit(again, open_sources(again), rank, resume=True, runs=tmp_path).step == 3


def test_a_live_run_goes_on_as_it_began_when_data_is_packed_later(
    plan: PlanSettings, tmp_path: Path
) -> None:
    data = str(tmp_path / "lmdb")
    settings = FitSettings(
        run="a", model="crnn", width_multiplier=0.125, hidden=8, live=True, data=(data,),
        split=0.6, plan=plan, look=LOOK, live_lines=60, batch_size=10, max_steps=2,
        alignment_lines=0, validation_lines=20, gpus=0, seed=5, schedule="wsd",
    )  # fmt: skip
    rank = Rank(0, 1, torch.device("cpu"), 1)
    fit(settings, open_sources(settings), rank, runs=tmp_path)
    out = str(tmp_path / "renders" / "poem")
    render(RenderSettings(plan=plan, look=LOOK, n=200, out=out, jobs=1))
    pack(PackSettings((str(tmp_path / "renders"),), out=data, split=0.8, seed=9, jobs=1))
    assert open_sources(settings).rule != open_sources(replace(settings, data=())).rule
    again = resumed({"run": "a", "max_steps": 3}, runs=tmp_path)
    assert fit(again, open_sources(again), rank, resume=True, runs=tmp_path).step == 3
