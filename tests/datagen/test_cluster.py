"""A real dask cluster on loopback: same bytes as one worker, whoever dies; never a hang."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from datagen import cluster
from datagen.cluster import connected
from datagen.errors import RenderError, WorkerError
from datagen.render.job import render
from datagen.render.line_renderer import open_renderer
from datagen.render.render_settings import LookSettings, RenderSettings
from datagen.render.resolved import resolve
from datagen.render.shard_task import RenderTask
from datagen.shards import run_shards
from datagen.text.plan_settings import PlanSettings
from tests.support.object_store import ObjectStore
from tests.support.paths import ROOT

pytest.importorskip("distributed", reason="dask is not installed: pip install 'ocrgen[dask]'")

PLAN = PlanSettings(corpora=("classical",), min_per_class=0)


class Cluster:
    """A scheduler and workers as users start them, each a process of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._file = folder / "scheduler.json"
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        self._env = os.environ | {"PYTHONPATH": paths} | settings
        self._processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard")

    def worker(self) -> subprocess.Popen[bytes]:
        """Start a worker of one thread that nobody restarts, in a folder of its own."""
        place = self.folder / f"worker-{len(self._processes)}"
        place.mkdir()
        return self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", cwd=place)

    @property
    def address(self) -> str:
        _wait(lambda: self._file.exists() and self._file.read_text(encoding="utf-8").endswith("}"))
        return str(json.loads(self._file.read_text(encoding="utf-8"))["address"])

    def end_scheduler(self) -> None:
        """As when its machine goes down."""
        self._processes[0].kill()

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def _start(self, *command: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        arguments = [*command, "--scheduler-file", str(self._file)]
        with (self.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                cwd=cwd or self.folder,
                env=self._env,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process


def _wait(ready: object, seconds: float = 60.0) -> None:
    assert callable(ready)
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@contextmanager
def _cluster(folder: Path, workers: int, **settings: str) -> Iterator[Cluster]:
    started = Cluster(folder, **settings)
    try:
        for _ in range(workers):
            started.worker()
        yield started
    finally:
        started.stop()


def test_a_worker_killed_in_the_middle_changes_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to a folder in which the workers do not work."""
    monkeypatch.chdir(tmp_path)
    Path("lines.txt").write_text("山中何事？\n松花酿酒，春水煎茶，且听风吟。\n", "utf-8")
    Path("own.toml").write_text('preset = "plain"\n[jpeg]\nquality = [60, 80]\n', "utf-8")
    plan, look = PlanSettings(lines="lines.txt"), LookSettings(style="own.toml")
    one = RenderSettings(plan, look, n=4800, shard_size=100, out="one", jobs=1)
    render(one)
    with _cluster(tmp_path, workers=0) as started:
        scheduler = started.address
        victim = started.worker()
        several = replace(one, out="several", backend="dask", scheduler=scheduler)
        job = threading.Thread(target=render, args=(several,))
        job.start()
        _wait(lambda: len(list(Path("several").glob("shard-*.tar"))) >= 2)
        victim.send_signal(signal.SIGKILL)
        finished = len(list(Path("several").glob("shard-*.tar")))
        started.worker()
        job.join(120)
        assert not job.is_alive() and finished < 48
    names = sorted(path.name for path in Path("one").iterdir())
    assert sorted(path.name for path in Path("several").iterdir()) == names
    for name in names:
        if name.startswith("shard-"):
            assert Path("several", name).read_bytes() == Path("one", name).read_bytes()


def _end_worker(shard: int) -> int:
    if shard == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return shard


def test_a_shard_that_kills_its_workers_ends_the_run(tmp_path: Path) -> None:
    one_chance = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with (
        _cluster(tmp_path, workers=2, **one_chance) as started,
        pytest.raises(WorkerError, match="a shard ended every dask worker that tried it"),
        connected(started.address),
    ):
        list(run_shards(_end_worker, range(40), backend="dask", jobs=-1))


def _rest(shard: int) -> int:
    time.sleep(0.2)
    return os.getpid()


def test_a_cluster_without_workers_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_S", 1.0)
    with _cluster(tmp_path, workers=0) as started:
        scheduler = started.address
        worker = started.worker()
        with (
            pytest.raises(WorkerError, match=r"the dask cluster has had no worker for 1 s"),
            connected(scheduler),
        ):
            for done, place in enumerate(run_shards(_rest, range(100), backend="dask", jobs=-1)):
                assert place == worker.pid  # one thread is a cluster, too
                if done == 2:
                    worker.send_signal(signal.SIGKILL)


def test_a_scheduler_that_dies_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask

    with (
        _cluster(tmp_path, workers=1) as started,
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(WorkerError, match="the dask cluster does not answer any more"),
        connected(started.address),
    ):
        for done, _ in enumerate(run_shards(_rest, range(100), backend="dask", jobs=-1)):
            if done == 2:
                started.end_scheduler()


def test_errors_of_tasks_come_back_as_they_are(tmp_path: Path) -> None:
    """A worker whose files or versions differ would draw other bytes: it refuses."""
    job = resolve(RenderSettings(PLAN, n=5, out=str(tmp_path / "r")))
    expected = open_renderer(job.plan, job.look).identity() | {"plan": "another"}
    task = RenderTask(job, expected)
    with (
        _cluster(tmp_path, workers=1) as started,
        pytest.raises(RenderError, match=r"would draw other lines \(plan: another, now"),
        connected(started.address),
    ):
        list(run_shards(task, [0], backend="dask", jobs=-1))


def test_no_scheduler_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.3)
    with (
        pytest.raises(WorkerError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"),
        connected("tcp://127.0.0.1:9"),
    ):
        pass
    with pytest.raises(WorkerError, match="needs --scheduler tcp://HOST:PORT"), connected(None):
        pass


def test_without_dask_one_line_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(WorkerError, match=r"pip install 'ocrgen\[dask\]'"),
        connected("tcp://127.0.0.1:9"),
    ):
        pass


def test_a_cluster_needs_no_shared_folder(tmp_path: Path, object_store: ObjectStore) -> None:
    """Workers that see neither the client's folder nor each other's write to an object store."""
    look = LookSettings(style="plain")
    one = RenderSettings(PLAN, look, n=300, shard_size=20, out=str(tmp_path / "r"), jobs=1)
    render(one)
    out = object_store.url("cluster/r")
    with _cluster(tmp_path, workers=2) as started:
        render(replace(one, out=out, backend="dask", scheduler=started.address))
    shards = {path.name: path.read_bytes() for path in Path(one.where).glob("shard-*")}
    stored = object_store.path("cluster/r").glob("shard-*")
    assert {path.name: path.read_bytes() for path in stored} == shards and len(shards) == 30
