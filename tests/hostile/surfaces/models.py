"""Model files of every kind, damaged in their bytes or in what they say of themselves."""

import shutil
from pathlib import Path
from random import Random

from tests.hostile.mutations import mutated, mutated_copy, mutated_json
from tests.hostile.surface import Attempt, Surface, call, ocrtrain
from tests.support.paths import MADE_BY_0_1_0

MODEL, ONNX, LM = "best.safetensors", "model.onnx", "lm.npz"


class _Models(Surface):
    """What release 0.1.0 wrote, and one line to read with it."""

    def prepare(self, base: Path) -> None:
        from tests.support.samples import make_samples

        shutil.copy(MADE_BY_0_1_0 / "runs" / "old" / MODEL, base)
        shutil.copy(MADE_BY_0_1_0 / ONNX, base)
        shutil.copy(MADE_BY_0_1_0 / LM, base)
        shutil.copy(MADE_BY_0_1_0 / "alphabet.txt", base)
        (base / "line.jpg").write_bytes(make_samples([0], width=96).images[0])


class ModelFiles(_Models):
    """Bytes of a .safetensors file."""

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        path = mutated_copy(base / MODEL, folder, rng)
        return _reading(base, "--checkpoint", path, "--device", "cpu")


class ModelMetadata(_Models):
    """The fields of a .safetensors file, the rest whole."""

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        from safetensors import safe_open
        from safetensors.torch import save_file

        with safe_open(base / MODEL, framework="pt") as file:
            pairs = dict(file.metadata())
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        name = rng.choice(list(pairs))
        if pairs[name].startswith("{"):
            pairs[name] = mutated_json(pairs[name], rng).decode("utf-8", "replace")
        else:
            pairs[name] = _mutated_text(pairs[name], rng).decode("utf-8", "replace")
        save_file(tensors, folder / MODEL, pairs)
        return _reading(base, "--checkpoint", folder / MODEL, "--device", "cpu")


class OnnxFiles(_Models):
    """Bytes of an .onnx file, fields of its metadata, and tensors of its graph."""

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        path = folder / ONNX
        if rng.random() < 0.3:
            mutated_copy(base / ONNX, folder, rng)
        else:
            _with_another_part(base / ONNX, path, rng)
        return _reading(base, "--onnx", path)


class LanguageModels(_Models):
    """Bytes of a language model's .npz, and arrays in it."""

    def prepare(self, base: Path) -> None:
        super().prepare(base)
        model = ("--checkpoint", base / MODEL, "--device", "cpu")
        _reading(base, *model, "--lm", base / LM).run()  # compiles the search, which takes seconds

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        if rng.random() < 0.5:
            path = mutated_copy(base / LM, folder, rng)
        else:
            path = _with_another_array(base / LM, folder / LM, rng)
        model = ("--checkpoint", base / MODEL, "--device", "cpu")
        return _reading(base, *model, "--lm", path)


class ForeignWeights(_Models):
    """Bytes of a state dict in torch's own format, and tensors in it."""

    def prepare(self, base: Path) -> None:
        super().prepare(base)
        import torch

        from datagen.alphabet import read_list
        from training.model.networks import build

        classes = len(read_list(base / "alphabet.txt").alphabet)
        state = build("crnn_v2", classes, hidden=4).state_dict()
        torch.save({"epoch": 3, "state_dict": state}, base / "weights.pth")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        if rng.random() < 0.7:
            path = mutated_copy(base / "weights.pth", folder, rng)
        else:
            path = _with_another_tensor(base / "weights.pth", folder / "weights.pth", rng)
        out = folder / "out.safetensors"

        def check(_: str) -> str | None:
            from training.model.checkpoint import load_model

            load_model(out)
            return None

        words = ("--alphabet", base / "alphabet.txt", "-o", out)
        return ocrtrain("import", path, *words, check=check)


class ExportedModels(_Models):
    """Damaged model files that are exported."""

    share = 1

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        from datagen.line_images import prepare
        from training.export import export

        path = mutated_copy(base / MODEL, folder, rng)

        def run() -> None:
            import numpy as np

            export(path, folder / "out.onnx", [prepare(np.zeros((32, 90), np.uint8)).pixels])

        return call(f"export {path}", run)


def _reading(base: Path, *words: object) -> Attempt:
    """One line read, which must be told."""

    def check(out: str) -> str | None:
        return None if out.startswith(f"{base / 'line.jpg'}\t0") else out[:200]

    return ocrtrain("predict", base / "line.jpg", "--format", "tsv", *words, check=check)


def _with_another_part(source: Path, target: Path, rng: Random) -> None:
    import onnx

    model = onnx.load(source)
    if rng.random() < 0.5:
        entry = rng.choice(list(model.metadata_props))
        change = mutated_json if entry.value.startswith("{") else _mutated_text
        entry.value = change(entry.value, rng).decode("utf-8", "replace")
    elif rng.random() < 0.5:
        tensor = rng.choice(list(model.graph.initializer))
        if rng.random() < 0.5 and tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice((0, 1, -1, 7, 2**40))
        else:
            tensor.raw_data = mutated(tensor.raw_data, rng)
    else:
        node = rng.choice(list(model.graph.node))
        node.op_type = rng.choice(("Relu", "Identity", "Exp", "Loop", "Nothing", node.op_type))
        if node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice(model.graph.node).output[0]
    onnx.save(model, target)


def _mutated_text(text: str, rng: Random) -> bytes:
    return mutated(text.encode(), rng)


def _with_another_array(source: Path, target: Path, rng: Random) -> Path:
    import numpy as np

    with np.load(source) as file:
        arrays = dict(file)
    name = rng.choice(list(arrays))
    if name == "about":
        text = mutated_json(str(arrays[name]), rng).decode("utf-8", "replace")
        arrays[name] = np.array(text)
    else:
        changed = arrays[name].copy()
        if len(changed):
            value = rng.choice((0, -1, 1, 2**31, 2**62, -(2**62), len(changed) + 1))
            changed[rng.randrange(len(changed))] = np.array(value).astype(changed.dtype)
        arrays[name] = rng.choice((changed, changed[1:], changed[:0], changed[::-1]))
    np.savez(target, **arrays)
    return target


def _with_another_tensor(source: Path, target: Path, rng: Random) -> Path:
    import torch

    content = torch.load(source, weights_only=True)
    state = content["state_dict"]
    name = rng.choice(list(state))
    tensor = state[name]
    state[name] = rng.choice(
        (
            tensor * float("nan"),
            tensor.flatten(),
            tensor.flatten()[:1].expand(10**6, 10**6),
            tensor.to(torch.complex64),
            tensor[None],
            torch.zeros(0),
            torch.tensor(1.0),
        )
    )
    torch.save(content, target)
    return target
