"""A disk that is full, or only readable, under every command of `ocrgen` that writes: one line."""

from pathlib import Path

import pytest

from tests.hostile.disks import check_refused
from tests.hostile.surface import ocrgen
from tests.hostile.surfaces.lists import write_images
from tests.support.samples import make_render

COMMANDS = {
    "render": "render -n 4 -j 1 --backend sequential -o {disk}/out",
    "preview": "preview -n 2 -o {disk}/sheet.png",
    "pack": "pack {base}/renders -j 1 --backend sequential -o {disk}/out",
    "import": "import tsv {base}/rows.tsv -o {disk}/out",
    "export": "export paddle {base}/renders/news -o {disk}/out",
    "export index": "export index {base}/renders/news -o {disk}/out",
    "export csv": "export csv {base}/renders/news -o {disk}/out",
    "export kraken": "export kraken {base}/renders/news -o {disk}/out",
    "export lmdb": "export lmdb {base}/renders/news -o {disk}/out",
    "export webdataset": "export webdataset {base}/renders/news -o {disk}/out",
    "alphabet build": "alphabet build --corpus {base}/text.txt -o {disk}/list.txt",
    "stats": "stats {base}/renders/news --html {disk}/page.html",
    "fonts specimen": "fonts specimen --faces song -o {disk}/specimen.png",
    "fonts add": "fonts add {font} --name mine --style song --home {disk}/home",
    "corpus add": "corpus add mine {base}/text.txt --home {disk}/home",
    "corpus stats": "corpus stats {base}/text.txt --n 1000 --plot {disk}/tail.png",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands read."""
    folder = tmp_path_factory.mktemp("base")
    make_render(folder / "renders" / "news", 300)
    rows = "".join(f"images/{name}\tab\n" for name in write_images(folder / "images"))
    (folder / "rows.tsv").write_text(rows)
    (folder / "text.txt").write_text("今天天气很好，我们去公园。\n" * 400, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_one_line_and_nothing_left(name: str, base: Path, disk: Path) -> None:
    from fonts import select

    words = COMMANDS[name].format(base=base, disk=disk, font=select(["song"])[0].path)
    check_refused(ocrgen(*words.split(" ")).run(), disk)
