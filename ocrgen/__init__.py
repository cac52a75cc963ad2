"""Chinese text line images for OCR: draw them, train on them, read with what was trained.

Line images with their labels, drawn one by one; line i is always the same image::

    import ocrgen

    for image, text in ocrgen.Renderer(["news"], n=3):
        image.save("line.png")

A render, or packed data, as a map-style dataset for any DataLoader::

    lines = ocrgen.LineDataset.open("data/lmdb", split="train")
    print(len(lines), len(lines.alphabet))

Training, reading and evaluation::

    run = ocrgen.fit("data/lmdb", model="crnn_v2", max_steps=100)
    reader = ocrgen.LineReader.open(run.folder / "last.safetensors")
    for line in reader.read(["line.png"]):
        print(line.text, line.confidence)
    print(ocrgen.evaluate(reader, "data/lmdb").strict.cer)

Without a model file, `LineReader.open()` reads with the newest run, or with the bundled model.
What a user can cause is raised as a `UserError` whose text is one line. `fit`, `evaluate` and
reading with a checkpoint need `pip install 'ocrgen[train]'`. Names are loaded on first use, so
importing this costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen.alphabet import Alphabet
    from datagen.data_sets.line_dataset import LineDataset
    from datagen.render.renderer import Renderer
    from ocrbase.errors import UserError
    from ocrgen.models import evaluate, fit
    from training.inference.line_reader import LineReader

    __version__: str

__all__ = [
    "Alphabet",
    "LineDataset",
    "LineReader",
    "Renderer",
    "UserError",
    "__version__",
    "evaluate",
    "fit",
]

_MODULES = {
    "Alphabet": "datagen.alphabet",
    "LineDataset": "datagen.data_sets.line_dataset",
    "LineReader": "training.inference.line_reader",
    "Renderer": "datagen.render.renderer",
    "UserError": "ocrbase.errors",
    "evaluate": "ocrgen.models",
    "fit": "ocrgen.models",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("ocrgen")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
