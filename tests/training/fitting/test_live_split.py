"""Live rendering beside packed data: no sentence moves between the splits."""

from pathlib import Path

import numpy as np

from datagen.formats.lmdb.reader import LmdbReader, split_rule
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.render.job import render
from datagen.render.render_settings import LookSettings, RenderSettings
from datagen.split import Split
from datagen.text.plan_settings import PlanSettings
from training.fitting.fit_settings import FitSettings
from training.fitting.live import LiveLines
from training.fitting.sources import open_sources


def test_live_lines_obey_the_split_that_packed_data_keeps(tmp_path: Path) -> None:
    words = "春眠不觉晓处闻啼鸟夜来风雨声花落知多少"
    sentences = [words[i:] + words[:i] + "。" for i in range(len(words))]
    (tmp_path / "poem.txt").write_text("\n".join(sentences), encoding="utf-8")
    plan = PlanSettings(corpora=(str(tmp_path / "poem.txt"),), min_per_class=0, seed=5)
    look = LookSettings(style="plain", faces=("noto-sans-sc-regular",))
    out, data = str(tmp_path / "renders" / "poem"), str(tmp_path / "lmdb")
    render(RenderSettings(plan=plan, look=look, n=200, out=out, jobs=1))
    pack(PackSettings((str(tmp_path / "renders"),), out=data, split=0.6, seed=9, jobs=1))
    rule = split_rule(Path(data))

    settings = FitSettings(
        live=True, data=(data,), plan=plan, look=look, live_lines=60, seed=5, validation_lines=20
    )
    sources = open_sources(settings)
    for split, live in ((Split.TRAIN, sources.train), (Split.VAL, sources.validation)):
        assert isinstance(live, LiveLines) and live.rule == rule
        chosen = live._held if split == Split.VAL else live._in_training(np.arange(60))
        drawn = set(live.source.plan.texts(chosen).sentence.tolist())
        other = LmdbReader(Path(data), Split.VAL if split == Split.TRAIN else Split.TRAIN)
        packed = {h for _, s in other.tables() for h in s.meta["sentence"].tolist()}
        assert drawn and packed and not drawn & packed
