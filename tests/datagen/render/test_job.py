"""The render job: same bytes for any workers, goes on after a kill, refuses other settings."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from corpora.downloads import command_for_more
from corpora.store import add
from datagen.cli import main
from datagen.errors import RenderError, WorkerError
from datagen.formats.manifest import read_render_manifest
from datagen.formats.tar.reader import RenderReader
from datagen.render.estimate import coverage_lines
from datagen.render.job import render
from datagen.render.line_renderer import open_renderer, samples_at
from datagen.render.render_settings import LookSettings, RenderSettings, render_name
from datagen.render.renderer import Renderer
from datagen.render.resolved import resolve
from datagen.render.shard_task import RenderTask
from datagen.shards import run_shards
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError

PLAN = PlanSettings(corpora=("classical",), min_per_class=0)


def _settings(folder: Path, n: int = 130, **changes: object) -> RenderSettings:
    settings = RenderSettings(plan=PLAN, n=n, shard_size=50, out=str(folder), jobs=1)
    return replace(settings, **changes)  # type: ignore[arg-type]


def _bytes(folder: Path) -> dict[str, str]:
    paths = sorted(folder.glob("shard-*"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("render") / "whole"
    render(_settings(folder))
    return folder


def test_n_means_n(whole: Path) -> None:
    reader = RenderReader(whole)
    samples = reader.read(range(130))
    assert len(reader) == 130
    assert samples.meta["index"].tolist() == list(range(130))
    assert all(samples.images) and all(len(text) == 10 for text in samples.texts)


def test_the_manifest_records_what_bytes_depend_on(whole: Path) -> None:
    manifest = read_render_manifest(whole)
    assert manifest.libraries.keys() >= {"numba", "pillow", "opencv-python-headless"}
    assert manifest.cpu_features and manifest.plan and manifest.engine


def test_four_workers_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    render(_settings(tmp_path / "r", jobs=4))
    assert _bytes(tmp_path / "r") == _bytes(whole)


def test_four_workers_draw_a_mix_of_all_presets_alike(tmp_path: Path) -> None:
    """Glyphs are rasterised in another order in every worker, into caches of their own."""
    look = LookSettings(style=("document", "screen", "scan", "photo", "print", "rich"))
    for name, jobs in (("one", 1), ("four", 4)):
        render(_settings(tmp_path / name, n=160, shard_size=40, look=look, jobs=jobs))
    assert _bytes(tmp_path / "four") == _bytes(tmp_path / "one")
    assert len(set(_bytes(tmp_path / "one").values())) == 8  # four shards, four sidecars


def test_threads_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    render(_settings(tmp_path / "r", jobs=2, backend="threading"))
    assert _bytes(tmp_path / "r") == _bytes(whole)


def test_a_smaller_run_is_the_prefix_and_a_second_call_goes_on(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    render(_settings(folder, n=70))
    first = (folder / "shard-00000.tar").stat().st_mtime_ns
    summary = render(_settings(folder))
    assert summary.drawn == 80  # the last shard was cut short, and is drawn again
    assert (folder / "shard-00000.tar").stat().st_mtime_ns == first
    assert _bytes(folder) == _bytes(whole)
    assert render(_settings(folder, n=20)).drawn == 0
    assert len(RenderReader(folder)) == 130


def test_other_settings_are_refused_by_name(whole: Path) -> None:
    before = _bytes(whole)
    plan = replace(PLAN, seed=1)
    with pytest.raises(SettingsError, match=r"seed: 0, now 1.*choose another --out"):
        render(_settings(whole, plan=plan))
    assert _bytes(whole) == before


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds files but no render"):
        render(_settings(tmp_path))


def test_killed_and_resumed_equals_never_killed(whole: Path, tmp_path: Path) -> None:
    """kill -9 in the middle: what is published stays, the next call completes it."""
    folder = tmp_path / "r"
    code = (
        "import time, datagen.render.job as r;"
        "from datagen.render.render_settings import RenderSettings;"
        "from datagen.text.plan_settings import PlanSettings;"
        "draw = r.LineRenderer.samples;"
        "slow = lambda self, i: (time.sleep(0.4), draw(self, i))[1];"
        "r.LineRenderer.samples = slow;"
        "plan = PlanSettings(corpora=('classical',), min_per_class=0);"
        f"r.render(RenderSettings(plan=plan, n=130, shard_size=50, out={str(folder)!r}, jobs=1))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    deadline = time.monotonic() + 60
    while not (folder / "shard-00000.tar").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    published = _bytes(folder)
    assert 0 < len([name for name in published if name.endswith(".tar")]) < 3
    render(_settings(folder))
    assert _bytes(folder) == _bytes(whole)


def _die(shard: int) -> int:
    if shard == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return shard


def test_a_dead_worker_ends_the_run_with_its_reason() -> None:
    with pytest.raises(WorkerError, match="a worker died"):
        list(run_shards(_die, range(4), jobs=2))


def test_a_sample_that_cannot_be_drawn_is_named(tmp_path: Path) -> None:
    """Lines of 40 characters in 64 px are too small in every attempt."""
    lines = tmp_path / "lines.txt"
    lines.write_text("国" * 40 + "\n", encoding="utf-8")
    plan = PlanSettings(lines=str(lines))
    look = LookSettings(style="plain", widths=(64, 64))
    with pytest.raises(RenderError, match=r"sample 0 .*20 attempts"):
        RenderTask(resolve(_settings(tmp_path / "r", plan=plan, look=look)))(0)
    assert not list((tmp_path / "r").glob("*.tar"))


def test_whole_given_lines(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("春眠不觉晓\n处处闻啼鸟，夜来风雨声\n", encoding="utf-8")
    look = LookSettings(widths=(64, 400), fit_width=True)
    samples = samples_at(PlanSettings(lines=str(lines)), look, np.arange(4))
    assert samples.texts == ["春眠不觉晓", "处处闻啼鸟，夜来风雨声"] * 2
    assert samples.meta["width"][0] < samples.meta["width"][1]


def test_ranges_of_lengths_and_widths() -> None:
    plan = replace(PLAN, length_min=1, length_max=20)
    look = LookSettings(widths=(120, 480))
    samples = samples_at(plan, look, np.arange(200))
    lengths = {len(text) for text in samples.texts}
    assert min(lengths) == 1 and max(lengths) == 20
    assert {*samples.meta["width"].tolist()} <= set(range(120, 481, 4))


def test_redraws_do_not_depend_on_the_batch() -> None:
    plan, look = replace(PLAN, seed=3), LookSettings(style="rich")
    whole = samples_at(plan, look, np.arange(300))
    again = np.flatnonzero(whole.meta["attempt"])
    assert len(again)
    for i in again[:5]:
        assert samples_at(plan, look, np.array([i])).images[0] == whole.images[i]


def test_a_redraw_keeps_the_text_where_only_the_look_failed() -> None:
    """Or the characters that rare-class lines serve would come out rarer than promised."""
    plan = replace(PLAN, seed=3, min_per_class=2000)
    renderer = open_renderer(plan, LookSettings(style="rich"))
    indices = np.arange(400)
    samples, texts = renderer.samples(indices), renderer.plan.texts(indices)
    again = np.flatnonzero(samples.meta["attempt"])
    assert len(again) and samples.meta["attempt"].max() <= 8
    for i in again:
        written = renderer.plan.alphabet.decode(texts.class_ids[i, : texts.lengths[i]])
        assert samples.texts[i] == written
    assert (samples.meta["inserted"] == texts.inserted).all()


def test_three_lines_of_python() -> None:
    pairs = list(Renderer(corpora=["classical"], n=3, style="plain"))
    assert [image.size for image, _ in pairs] == [(280, 32)] * 3
    image, text = Renderer(corpora=["classical"], style="plain")[1]
    assert text == pairs[1][1] and image.tobytes() == pairs[1][0].tobytes()


def test_styles_mix_and_the_folder_tells_which(tmp_path: Path) -> None:
    runner, out = CliRunner(), str(tmp_path / "mix")
    mix = ["--style", "print:0.3", "--style", "plain:0.7"]
    given = ["render", "--corpus", "classical", "-n", "60", "--out", out, "--jobs", "1"]
    assert runner.invoke(main, [*given, *mix]).exit_code == 0
    settings = read_render_manifest(Path(out))
    assert settings.settings["look"]["style"] == ["print:0.3", "plain:0.7"]
    assert settings.style is not None and settings.style["plain"]["share"] == 0.7
    assert "- style: print:0.3 + plain:0.7" in (Path(out) / "README.md").read_text("utf-8")
    assert "  style      print:0.3 + plain:0.7\n" in runner.invoke(main, ["stats", out]).output
    assert "holds all 60" in runner.invoke(main, [*given, *mix]).output
    other = runner.invoke(main, [*given, "--style", "print:0.5", "--style", "plain:0.5"])
    assert other.return_value == 1 and "look.style: ['print:0.3', 'plain:0.7'], now" in other.output
    pairs = Renderer(corpora=["classical"], n=60, style=["print:0.3", "plain:0.7"])
    assert RenderReader(Path(out)).read([7]).texts[0] == pairs[7][1]


def test_names_of_folders() -> None:
    assert render_name(PlanSettings(corpora=("news:0.85", "classical:0.15"))) == "news+classical"
    assert render_name(PlanSettings(corpora=("texts/my.book.txt",))) == "my.book"


def test_a_renderer_is_opened_once() -> None:
    assert open_renderer(PLAN, LookSettings()) is open_renderer(PLAN, LookSettings())


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    runner = CliRunner()
    for arguments, code, words in (
        (["--n", "0"], 2, "0 is not in the range"),
        (["--corpus", "newz"], 1, "newz"),
        (["--faces", "helvetica"], 1, "helvetica"),
        (["--style", "glossy"], 1, "glossy"),
        (["--corpus", ""], 1, "corpus ''"),
        (["--length", "ten"], 2, "ten"),
        (["--length", "0"], 1, "give 1 <= shortest"),
        (["--length", "5-3"], 1, "give 1 <= shortest"),
        (["--length", "300"], 1, "<= 255 characters"),
        (["--width", "0"], 1, "outside 32 to 4096"),
        (["--width", "90-80"], 1, "runs backwards"),
        (["--n", str(10**10)], 1, "give 1 to 1,000,000,000 lines"),
        (["--n", "1000000", "--shard-size", "1"], 1, "at most 100,000 shards"),
        (["--min-per-class", str(10**20)], 2, "is not in the range"),
        (["--max-inserted", "nan"], 2, "nan"),
        (["--jobs", "100000"], 2, "is not in the range"),
        (["--nonsense"], 2, "nonsense"),
    ):
        result = runner.invoke(main, ["render", "--out", str(tmp_path / "x"), *arguments])
        assert result.return_value == code, result.output
        assert words in result.output and "Traceback" not in result.output
    assert not (tmp_path / "x").exists()


def test_a_dry_run_tells_disk_time_and_coverage_and_draws_nothing(tmp_path: Path) -> None:
    arguments = ["render", "--corpus", "classical", "--n", "3600000", "--dry-run"]
    arguments += ["--min-per-class", "0", "--jobs", "2", "--out", str(tmp_path / "r")]
    result = CliRunner().invoke(main, arguments)
    assert result.return_value == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == f"output: 3,600,000 lines into {tmp_path / 'r'}, 360 shards"
    disk = re.match(
        r"disk: about ([\d.]+) GB \(([\d,]+) bytes per image\), [\d,.]+ [MGT]B free", lines[1]
    )
    assert disk is not None and 10 < float(disk[1]) < 25
    assert 1500 < int(disk[2].replace(",", "")) < 5000
    assert re.match(
        r"time: about [\d.]+ (s|min|h) with 2 workers \([\d,]+ lines per second each\)", lines[2]
    )
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("n", "corpora", "said"),
    [
        (1_000, ("news",), []),
        (3_000_000, ("news:9", "classical:1"), ["download news"]),
        (9_000_000, ("technical", "own"), ["download technical", "add own FILES"]),
    ],
)
def test_text_that_is_used_too_often_tells_what_brings_more(
    tmp_path: Path, n: int, corpora: tuple[str, ...], said: list[str]
) -> None:
    file = tmp_path / "own.txt"
    file.write_text("这是一行自己添加的文字，用来写在图片上面。\n" * 3, "utf-8")
    add("own", [file], home=tmp_path)
    plan = PlanSettings(corpora=corpora, home=str(tmp_path), min_per_class=0)
    lines = coverage_lines(RenderSettings(plan=plan, n=n))
    more = [
        line.rpartition(": ocrgen corpus ")[2] for line in lines if line.startswith("more text")
    ]
    assert more == said


def test_a_source_that_is_there_already_is_not_proposed_again(tmp_path: Path) -> None:
    for name in ("wikinews", "mot"):
        folder = tmp_path / "corpora" / "news" / name
        folder.mkdir(parents=True)
        (folder / "text.txt").write_text("下载的新闻就像这样放在自己的文件夹里。", "utf-8")
    assert command_for_more("news", home=tmp_path) == "ocrgen corpus download news --source leipzig"
    assert command_for_more("fields", home=tmp_path).startswith("ocrgen corpus download news, with")
