"""A render's folder: bound by finished shards alone, refused by name, replaced when told to."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datagen.formats.manifest import read_render_manifest
from datagen.formats.tar.reader import RenderReader
from datagen.render.job import render
from datagen.render.render_settings import LookSettings, RenderSettings
from datagen.render.shard_state import ShardState, shard_state
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError, UserError
from ocrbase.locks import LockError, owned
from tests.support.samples import make_render


def _settings(folder: Path, **changes: object) -> RenderSettings:
    file = folder / "lines.txt"
    if not file.exists():
        file.write_text("春眠不觉晓\n处处闻啼鸟\n夜来风雨声\n", encoding="utf-8")
    plan = PlanSettings(lines=str(file))
    look = LookSettings(style="plain", faces=("noto-sans-sc-regular",))
    settings = RenderSettings(plan, look, n=6, shard_size=3, out=str(folder / "r"), jobs=1)
    return replace(settings, **changes)  # type: ignore[arg-type]


def _bytes(folder: Path) -> dict[str, str]:
    paths = sorted(folder.glob("shard-*"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_a_corrected_lines_file_is_refused_by_name_and_replaced_when_told(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    render(settings)
    before = _bytes(tmp_path / "r")
    (tmp_path / "lines.txt").write_text("春眠不觉晓\n处处闻啼鸟\n花落知多少\n", encoding="utf-8")
    with pytest.raises(
        SettingsError,
        match=r"2 finished shard\(s\) of another render \(the content of lines has changed\):"
        r" choose another --out, or replace them with --overwrite",
    ):
        render(settings)
    assert _bytes(tmp_path / "r") == before
    assert render(settings, overwrite=True).drawn == 6
    texts = RenderReader(tmp_path / "r").read(range(6)).texts
    assert texts == ["春眠不觉晓", "处处闻啼鸟", "花落知多少"] * 2


def test_overwrite_goes_on_with_the_same_render(tmp_path: Path) -> None:
    """So that the same command can be given again after a kill."""
    settings = _settings(tmp_path)
    render(replace(settings, n=3))
    drawn_at = (tmp_path / "r" / "shard-00000.tar").stat().st_mtime_ns
    assert render(settings, overwrite=True).drawn == 3
    assert (tmp_path / "r" / "shard-00000.tar").stat().st_mtime_ns == drawn_at


def test_overwrite_leaves_files_of_others_alone(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    render(settings)
    names = ("notes.txt", "shard-list.tar", "shard-00000.txt")
    for name in names:
        (tmp_path / "r" / name).write_text("mine", encoding="utf-8")
    render(replace(settings, n=3, plan=replace(settings.plan, seed=1)), overwrite=True)
    assert sorted(_bytes(tmp_path / "r")) == [
        "shard-00000.npz", "shard-00000.tar", "shard-00000.txt", "shard-list.tar",
    ]  # fmt: skip
    assert all((tmp_path / "r" / name).read_text(encoding="utf-8") == "mine" for name in names)
    assert read_render_manifest(tmp_path / "r").n == 3
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds files but no render"):
        render(replace(settings, out=str(tmp_path / "other")), overwrite=True)


def test_imported_lines_are_never_replaced(tmp_path: Path) -> None:
    make_render(tmp_path / "r", 6)  # as an import, of no plan
    before = _bytes(tmp_path / "r")
    for overwrite in (False, True):
        with pytest.raises(SettingsError, match="holds lines that were imported"):
            render(_settings(tmp_path), overwrite=overwrite)
    assert _bytes(tmp_path / "r") == before


def test_a_folder_without_a_finished_shard_takes_any_settings(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    long = replace(settings, plan=replace(settings.plan, lines=str(tmp_path / "long.txt")))
    (tmp_path / "long.txt").write_text("国" * 200 + "\n", encoding="utf-8")
    with pytest.raises(UserError, match="could not be drawn"):
        render(replace(long, n=60))
    assert read_render_manifest(tmp_path / "r").n == 60
    render(settings)
    assert read_render_manifest(tmp_path / "r").n == 6


def test_a_moved_file_of_the_same_lines_goes_on(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    render(replace(settings, n=3))
    moved = (tmp_path / "lines.txt").rename(tmp_path / "moved.txt")
    assert render(replace(settings, plan=PlanSettings(lines=str(moved)))).drawn == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shard_size": 2}, r"shard_size: 3, now 2"),
        ({"look": LookSettings(style="print")}, r"look.style: plain, now print"),
        ({"look": LookSettings("lines", "plain", ("noto-sans-sc-regular",), boxes=True)}, "boxes"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, change: dict[str, object], words: str) -> None:
    render(_settings(tmp_path))
    with pytest.raises(SettingsError, match=words):
        render(_settings(tmp_path, **change))


def test_an_edited_style_file_and_another_alphabet_are_named(tmp_path: Path) -> None:
    style, alphabet = tmp_path / "own.toml", tmp_path / "alphabet.txt"
    style.write_text('preset = "plain"\n[jpeg]\nquality = [60, 80]\n', encoding="utf-8")
    alphabet.write_text("\n".join("春眠不觉晓处闻啼鸟夜来风雨声"), encoding="utf-8")
    settings = _settings(tmp_path)
    settings = replace(
        settings,
        look=replace(settings.look, style=str(style)),
        plan=replace(settings.plan, alphabet=str(alphabet)),
    )
    render(settings)
    style.write_text('preset = "plain"\n[jpeg]\nquality = [50, 80]\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"style.jpeg.quality: \[60, 80\], now \[50, 80\]"):
        render(settings)
    alphabet.write_text("\n".join("春眠不觉晓处闻啼鸟夜来风雨声花"), encoding="utf-8")
    with pytest.raises(SettingsError, match="alphabet: 14 characters, now 15"):
        render(settings)


def test_paths_hold_for_workers_that_work_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worker processes are kept between renders, in the folder that they were started in."""
    settings = replace(_settings(tmp_path), jobs=2)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lines.txt").write_text(f"春眠不觉晓{name}\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path / name)
        render(replace(settings, out="r", plan=PlanSettings(lines="lines.txt")))
        assert set(RenderReader(Path("r")).read(range(6)).texts) == {f"春眠不觉晓{name}"}
        assert read_render_manifest(Path("r")).settings["plan"]["lines"] == "lines.txt"


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def test_a_flipped_bit_in_a_finished_shard_is_found_and_drawn_anew(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    render(settings)
    before = _bytes(tmp_path / "r")
    tar, sidecar = tmp_path / "r" / "shard-00001.tar", tmp_path / "r" / "shard-00000.npz"
    _flip(tar, tar.stat().st_size // 2)
    _flip(sidecar, sidecar.stat().st_size // 2)
    summary = render(settings)
    assert summary.damaged == (0, 1) and summary.drawn == 6
    assert _bytes(tmp_path / "r") == before
    assert render(settings).damaged == ()


@pytest.mark.parametrize("masks", [False, True])
def test_every_byte_of_a_tar_counts(tmp_path: Path, masks: bool) -> None:
    settings = _settings(tmp_path, n=2)
    render(replace(settings, look=replace(settings.look, masks=masks)))
    stem = tmp_path / "r" / "shard-00000"
    tar, rng = stem.with_suffix(".tar"), np.random.default_rng(0)
    whole = tar.read_bytes()
    assert shard_state(stem, range(2)) is ShardState.COMPLETE
    assert shard_state(stem, range(3)) is ShardState.SHORT
    assert shard_state(stem, range(3, 5)) is ShardState.DAMAGED
    assert shard_state(stem.with_name("shard-00001"), range(2)) is ShardState.MISSING
    for at in [0, len(whole) - 1, *rng.integers(0, len(whole), 60).tolist()]:
        _flip(tar, at)
        assert shard_state(stem, range(2)) is ShardState.DAMAGED, at
        _flip(tar, at)
    tar.write_bytes(whole[:-1])
    assert shard_state(stem, range(2)) is ShardState.DAMAGED


def test_a_damaged_shard_is_drawn_as_long_as_it_was(tmp_path: Path) -> None:
    render(_settings(tmp_path))
    before = _bytes(tmp_path / "r")
    _flip(tmp_path / "r" / "shard-00000.tar", 600)
    assert render(_settings(tmp_path, n=1)).drawn == 3
    assert _bytes(tmp_path / "r") == before


def test_two_renders_of_one_folder(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    with owned(tmp_path / "r"), pytest.raises(LockError, match="is being written by process"):
        render(settings)
    assert render(settings).drawn == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lines.txt", "r"]
