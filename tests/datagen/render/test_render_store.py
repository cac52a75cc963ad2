"""Renders in an object store: the bytes of a folder whoever is killed; one line if it fails."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from datagen.cli import main
from datagen.render.job import render
from datagen.render.render_settings import LookSettings, RenderSettings
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError
from ocrbase.homes import cache_home
from ocrbase.stores import StoreError
from tests.support.object_store import ObjectStore
from tests.support.paths import ROOT
from tests.support.render_command import SECONDS, RenderCommand, wait_until

PLAN, LOOK = PlanSettings(corpora=("classical",), min_per_class=0), LookSettings(style="plain")


def _settings(out: str, n: int = 130, **changes: object) -> RenderSettings:
    settings = RenderSettings(PLAN, LOOK, n=n, shard_size=20, out=out, jobs=1)
    return replace(settings, **changes)  # type: ignore[arg-type]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a render leaves in a folder named `r`."""
    folder = tmp_path_factory.mktemp("folder") / "r"
    render(_settings(str(folder)))
    return _files(folder)


def test_objects_have_the_bytes_of_files(
    whole: dict[str, bytes], object_store: ObjectStore
) -> None:
    summary = render(_settings(object_store.url("same/r")))
    assert summary.where == "s3://lines/same/r" and summary.drawn == 130
    assert _files(object_store.path("same/r")) == whole
    assert render(_settings(object_store.url("same/r"))).drawn == 0
    assert not list((cache_home() / "shards").parent.glob(".shards*"))


def test_a_larger_n_goes_on(whole: dict[str, bytes], object_store: ObjectStore) -> None:
    url = object_store.url("grown/r")
    render(_settings(url, n=70))
    first = {n: object_store.path("grown/r").joinpath(n).stat() for n in ("shard-00002.tar",)}
    assert render(_settings(url)).drawn == 70  # the last shard was short
    assert _files(object_store.path("grown/r")) == whole
    for name, before in first.items():
        assert object_store.path("grown/r").joinpath(name).stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("name", ["shard-00001.tar", "shard-00001.npz"])
@pytest.mark.parametrize("damage", ["gone", "cut", "another"])
def test_damaged_shards_are_drawn_anew(
    whole: dict[str, bytes], object_store: ObjectStore, name: str, damage: str
) -> None:
    url = object_store.url(f"damaged-{name}-{damage}/r")
    folder = object_store.path(f"damaged-{name}-{damage}/r")
    render(_settings(url))
    if damage == "gone":
        (folder / name).unlink()
    elif damage == "cut":
        (folder / name).write_bytes(whole[name][:-1000])
    else:
        (folder / name).write_bytes(whole[name.replace("1", "2")])
    assert render(_settings(url)).drawn == 20
    assert _files(folder) == whole


def test_two_machines_draw_one_render(whole: dict[str, bytes], object_store: ObjectStore) -> None:
    settings = _settings(object_store.url("two/r"))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: render(settings), range(2)))
    assert _files(object_store.path("two/r")) == whole


def test_other_settings_are_refused(whole: dict[str, bytes], object_store: ObjectStore) -> None:
    """Even before the first shard, as another machine may be drawing it."""
    url, folder = object_store.url("other/r"), object_store.path("other/r")
    render(_settings(url))
    for path in folder.glob("shard-*"):
        path.unlink()
    other = _settings(url, plan=replace(PLAN, seed=7))
    with pytest.raises(SettingsError, match=r"s3://lines/other/r holds .* \(plan.seed: 0, now 7\)"):
        render(other)
    render(other, overwrite=True)
    assert _files(folder).keys() == whole.keys()
    assert _files(folder)["shard-00000.tar"] != whole["shard-00000.tar"]


def test_objects_of_another_kind_are_refused(object_store: ObjectStore) -> None:
    object_store.path("kind").mkdir()
    object_store.path("kind/photo.jpg").write_bytes(b"1")
    with pytest.raises(SettingsError, match="s3://lines/kind holds objects but no render"):
        render(_settings(object_store.url("kind")))


@contextmanager
def _running(folder: Path, out: str, jobs: int = 1) -> Iterator[RenderCommand]:
    command = RenderCommand(folder, out, n=2400, shard_size=100, jobs=jobs)
    with command.running():
        yield command


def _tars(folder: Path) -> dict[str, int]:
    """Names and times of the shards that are there."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("shard-*.tar")}


def test_killed_and_without_a_server_it_goes_on(object_store: ObjectStore, tmp_path: Path) -> None:
    """Killed first; then the server goes, in the middle; the third call ends it."""
    url, folder = object_store.url("killed/r"), object_store.path("killed/r")
    with _running(tmp_path, url, jobs=2) as command:
        wait_until(lambda: len(_tars(folder)) >= 2)
        os.killpg(command.process.pid, signal.SIGKILL)
        command.end()
    kept = _tars(folder)
    assert 2 <= len(kept) < 24
    with _running(tmp_path, url) as command:
        wait_until(lambda: len(_tars(folder)) > len(kept))
        object_store.kill()
        try:
            code, _, errors = command.end()
        finally:
            object_store.start()
    assert code == 1 and "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("Error: s3://lines/killed/r/shard-"), errors
    kept = _tars(folder)
    with _running(tmp_path, url, jobs=2) as command:
        code, out, errors = command.end()
    assert code == 0 and f"into {url}" in out, errors
    assert kept.items() <= _tars(folder).items()
    plan = PlanSettings(lines=str(tmp_path / "lines.txt"))
    render(RenderSettings(plan, LOOK, n=2400, shard_size=100, out=str(tmp_path / "r"), jobs=1))
    expected = {n: d for n, d in _files(tmp_path / "r").items() if n.startswith("shard-")}
    assert {n: d for n, d in _files(folder).items() if n.startswith("shard-")} == expected
    assert not list(cache_home().glob(".shards*"))


def test_a_wrong_bucket_is_one_line(object_store: ObjectStore) -> None:
    with pytest.raises(StoreError, match="s3://no-such-bucket/r: there is no such bucket"):
        render(_settings("s3://no-such-bucket/r"))


def test_without_credentials_it_is_one_line(object_store: ObjectStore, tmp_path: Path) -> None:
    code = "from datagen.cli import run; run()"
    call = [sys.executable, "-c", code, "render", "--n", "20", "--out", object_store.url("r")]
    env = dict(os.environ) | {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    del env["AWS_ACCESS_KEY_ID"]
    done = subprocess.run(call, cwd=ROOT, env=env, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: s3://lines/r: ") and "Unable to locate credentials" in line


def test_what_takes_no_url_says_what_to_do() -> None:
    done = CliRunner().invoke(main, ["export", "paddle", "folder", "--out", "s3://lines/r"])
    assert done.return_value == 2
    assert "s3://lines/r is a URL, and this command writes to folders" in done.output


def test_memory_is_for_one_process() -> None:
    with pytest.raises(SettingsError, match="memory://r lies in the memory of one process"):
        render(_settings("memory://r", jobs=2))
    assert render(_settings("memory://r", n=20)).drawn == 20
