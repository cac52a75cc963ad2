"""Put a trained model among those that come with the project, in half precision.

    python -m pipelines.bundle runs/NAME/best.safetensors crnn_v2

It is then read by `--checkpoint crnn_v2`, and by default where there is no run. Say in
training/weights/README.md how it was trained.
"""

import argparse
import sys
from pathlib import Path

MAX_BYTES = 16 * 2**20  # of a file, so that clones stay small


def main(arguments: list[str] | None = None) -> int:
    """Write the file; returns the exit code."""
    import torch

    from training.model.checkpoint import BUNDLED, load_model, save_model

    parser = argparse.ArgumentParser(prog="python -m pipelines.bundle", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("name")
    parser.add_argument("--folder", type=Path, default=BUNDLED, help="where it goes (%(default)s)")
    options = parser.parse_args(arguments)
    model = load_model(options.checkpoint)
    target = options.folder / f"{options.name}.safetensors"
    options.folder.mkdir(parents=True, exist_ok=True)
    save_model(target, model.network, model.alphabet, training=model.training, dtype=torch.float16)
    size = target.stat().st_size
    print(f"{target}: {size / 2**20:.1f} MiB, {model.training}")
    if size > MAX_BYTES:
        target.unlink()
        print(f"over {MAX_BYTES / 2**20:.0f} MiB: removed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
