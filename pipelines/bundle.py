"""Put a trained model among those that come with the project, for torch and for ONNX Runtime.

    python -m pipelines.bundle runs/NAME/best.safetensors crnn_lite
    python -m pipelines.bundle runs/B/last.safetensors runs/A/last.safetensors crnn_lite

Of several models it takes the mean of their weights, which reads better than any of them where they
are points of one training. The model is then read by `--checkpoint crnn_lite`, and by default where
there is no run: with torch from weights in half precision, without from ONNX with 8-bit weights.
Say in training/weights/README.md how it was trained.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from ocrbase.command_edge import run
from ocrbase.errors import SettingsError, listed

MAX_BYTES = 16 * 2**20  # of a file, so that clones stay small
CHECKED_LINES = 64  # read with torch and with ONNX Runtime


def main(arguments: list[str] | None = None) -> int:
    """Write the two files; returns the exit code."""
    from training.model.bundled import BUNDLED, FOR_ONNX, FOR_TORCH
    from training.require import require

    parser = argparse.ArgumentParser(prog="python -m pipelines.bundle", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("checkpoint", type=Path, nargs="+")
    parser.add_argument("name")
    parser.add_argument("--folder", type=Path, default=BUNDLED, help="where it goes (%(default)s)")
    options = parser.parse_args(arguments)
    require("onnx", extra="export")
    if Path(options.name).name != options.name:
        raise SettingsError(f"the name {options.name!r} is a path: give --folder besides")
    options.folder.mkdir(parents=True, exist_ok=True)
    # What is bundled stays as it is until both files of the new model are there and small enough.
    with TemporaryDirectory(dir=options.folder) as attempt:
        files = [Path(attempt) / f"{options.name}{suffix}" for suffix in (FOR_TORCH, FOR_ONNX)]
        write(options.checkpoint, *files)
        large = [path.name for path in files if path.stat().st_size > MAX_BYTES]
        if large:
            raise SettingsError(f"{listed(large)}: over {MAX_BYTES / 2**20:.0f} MiB, not bundled")
        for path in files:
            path.replace(options.folder / path.name)
    return 0


def write(checkpoints: list[Path], weights: Path, graph: Path) -> None:
    """The two files of a model, or of the mean of several, and a line about each."""
    import torch

    from training.evaluation.labelled import open_labelled, some_lines
    from training.export import export
    from training.model.averaging import mean_weights
    from training.model.checkpoint import load_model, save_model

    models = [load_model(path) for path in checkpoints]
    state = mean_weights(checkpoints, models)
    training = dict(models[0].training)
    if len(models) > 1:
        widths = (model.training.get("longest_px", 0) for model in models)
        training |= {"mean_of": len(models), "longest_px": max(widths)}
    save_model(
        weights, models[0].network, models[0].alphabet, state=state, training=training,
        dtype=torch.float16,
    )  # fmt: skip
    print(f"{weights.name}: {weights.stat().st_size / 2**20:.1f} MiB, {training}")
    real = Path(__file__).resolve().parent / "real_lines"
    check = export(
        weights, graph, some_lines(open_labelled(real), real.name, CHECKED_LINES), int8=True
    )
    print(
        f"{graph.name}: {graph.stat().st_size / 2**20:.1f} MiB; of {check.lines} lines"
        f" {check.same_text} read as with torch"
    )


if __name__ == "__main__":
    run(lambda: main)
