"""Finding datasets below a folder, and what every reader of one checks."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from datagen.errors import ShardError
from datagen.exchange.exchange_settings import ExportSettings
from datagen.exchange.export_job import export_data
from datagen.formats.dataset import find_datasets, open_dataset
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.stats.job import stats
from datagen.verify.job import verify
from tests.support.samples import make_render


def test_datasets_are_found_at_any_depth_once_and_in_order(tmp_path: Path) -> None:
    for name in ("renders/b", "renders/deep/er/c", "renders/a", ".hidden/x"):
        make_render(tmp_path / name, 10)
    pack(PackSettings((str(tmp_path / "renders"),), out=str(tmp_path / "lmdb"), jobs=1))
    make_render(tmp_path / "renders" / "a" / "inside", 10)
    (tmp_path / "renders" / "link").symlink_to(tmp_path / ".hidden")
    names = [str(path.relative_to(tmp_path)) for path in find_datasets(tmp_path)]
    assert names == ["lmdb", "renders/a", "renders/b", "renders/deep/er/c"]
    assert [report.path for report in verify((str(tmp_path),), jobs=1)] == [
        str(tmp_path / name) for name in names
    ]
    assert [found.lines for found in stats((str(tmp_path),), images=5)] == [30, 10, 10, 10]


def _copy_of_another(render: Path) -> None:
    for suffix in (".tar", ".npz"):
        shutil.copy(render / f"shard-00000{suffix}", render / f"shard-00001{suffix}")


def _swapped(render: Path) -> None:
    for suffix in (".tar", ".npz"):
        (render / f"shard-00000{suffix}").rename(render / "aside")
        (render / f"shard-00001{suffix}").rename(render / f"shard-00000{suffix}")
        (render / "aside").rename(render / f"shard-00001{suffix}")


def _manifest(**changes: object) -> Callable[[Path], None]:
    def edit(render: Path) -> None:
        file = render / "manifest.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return edit


def _export(render: Path, out: Path) -> None:
    export_data(ExportSettings("tsv", str(render), str(out)))


def _pack(render: Path, out: Path) -> None:
    pack(PackSettings((str(render),), out=str(out), jobs=1))


def _stats(render: Path, out: Path) -> None:
    stats((str(render),), images=5)


def _read(render: Path, out: Path) -> None:
    open_dataset(render)


@pytest.mark.parametrize("use", [_export, _pack, _stats, _read])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_copy_of_another, r"shard-00001\.tar does not hold the samples 50 to 99, each once"),
        (_swapped, r"shard-00000\.tar does not hold.*shard-00001\.tar does not hold"),
        (_manifest(n=60), r"shard-00001\.tar does not hold the samples 50 to 59"),
        (_manifest(n=0), "n: expected int >= 1"),
        (_manifest(n=130), r"shard-00002\.tar holds 20 of 30 samples"),
        (_manifest(shard_size=40), r"shard-00000\.tar does not hold the samples 0 to 39"),
    ],
    ids=["copy", "swap", "n too small", "n 0", "n too large", "shard size"],
)
def test_no_use_of_a_render_takes_a_wrong_count(
    tmp_path: Path,
    damage: Callable[[Path], None],
    message: str,
    use: Callable[[Path, Path], None],
) -> None:
    render = make_render(tmp_path / "render", 120)
    damage(render)
    with pytest.raises(ShardError, match=message):
        use(render, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (report,) = verify((str(render),), jobs=1)
    assert not report.good and report.errors == {"shard": 1}
