"""A disk that is full or only readable under every command of `ocrtrain` that writes: one line."""

from pathlib import Path

import numpy as np
import pytest

from tests.hostile.disks import check_refused
from tests.hostile.surface import call, ocrtrain
from tests.support.paths import MADE_BY_0_1_0, REAL_LINES
from training.pages.job import BY_PAGE, PDF, WHOLE, with_overlays, write_document
from training.pages.page_images import PageImage
from training.pages.page_reader import PageLine, PageReading

MODEL = MADE_BY_0_1_0 / "runs" / "old" / "best.safetensors"
LINE = REAL_LINES / "browser" / "000.png"
DATA = f"--data {MADE_BY_0_1_0 / 'lmdb'} -n 4 --checkpoint {MODEL}"
COMMANDS = {
    "explain": f"predict {LINE} --device cpu --checkpoint {MODEL} --explain {{disk}}/x.png",
    "evaluate": f"evaluate {DATA} --device cpu --html {{disk}}/x.html",
    "export": f"export {DATA} -o {{disk}}/x.onnx",
    "export int8": f"export {DATA} --int8 -o {{disk}}/x.onnx",
    "export rapidocr": f"export {DATA} --for rapidocr -o {{disk}}/x.onnx",
    "lm build": f"lm build --corpus {MADE_BY_0_1_0 / 'text.txt'} -o {{disk}}/x.npz",
    "import": "import {foreign}/weights.pth --alphabet {foreign}/list.txt -o {disk}/x.safetensors",
}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights as others publish them, and their character list."""
    import torch

    from training.model.networks import build

    folder = tmp_path_factory.mktemp("foreign")
    torch.save(build("crnn_v2", 8, hidden=8).state_dict(), folder / "weights.pth")
    (folder / "list.txt").write_text("\n".join("天地玄黄宇宙洪"), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_one_line_and_nothing_left(name: str, foreign: Path, disk: Path) -> None:
    words = COMMANDS[name].format(disk=disk, foreign=foreign)
    check_refused(ocrtrain(*words.split(" ")).run(), disk)


@pytest.fixture
def reading() -> PageReading:
    """A page as read."""
    pixels = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    quad = np.array([[10, 10], [200, 10], [200, 40], [10, 40]], np.float32)
    line = PageLine("天地玄黄", 0.9, quad, ())
    return PageReading(PageImage(Path("page.png"), 1, pixels, None), pixels, 0, (line,))


@pytest.mark.parametrize("form", [*BY_PAGE, *WHOLE, PDF])
def test_pages_in_every_form(form: str, reading: PageReading, disk: Path) -> None:
    def write() -> None:
        write_document([reading], form, disk / "x", print)

    check_refused(call(form, write).run(), disk)


def test_overlays(reading: PageReading, disk: Path) -> None:
    def write() -> None:
        list(with_overlays([reading], disk / "overlays"))

    check_refused(call("overlay", write).run(), disk)
