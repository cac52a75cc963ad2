"""What `ocrtrain fit` is given: options, settings files, and folders of runs to go on with."""

import hashlib
import io
import json
import shutil
from pathlib import Path
from random import Random

from tests.hostile.mutations import VALUES, mutated, mutated_json, mutated_lines
from tests.hostile.surface import Attempt, Surface, ocrtrain
from tests.hostile.surfaces.options import hostile_options
from tests.support.paths import ROOT

OLD = ROOT / "tests" / "made_by_0_1_0"
SMALL = (
    *("--model", "crnn_v2", "--width-multiplier", "0.05", "--hidden", "8", "--batch-size", "8"),
    *("--gpus", "0", "--threads", "1", "--max-steps", "1", "--validation-lines", "8"),
)
# What makes a long run of a valid value, or works in other processes.
NEVER = {"--max-steps", "--live", "--workers", "--processes", "--threads", "--help"}


class FitOptions(Surface):
    """One to three options of `fit` with values that nobody should give."""

    share = 1

    def prepare(self, base: Path) -> None:
        shutil.copytree(OLD / "lmdb", base / "lmdb")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        from training.cli.fit import command

        words = ["fit", "--data", base / "lmdb", *SMALL, *hostile_options(command, rng, NEVER)]
        return ocrtrain(*words, "--max-steps", 1, check=lambda _: _one_run(folder))


class SettingsFiles(Surface):
    """TOML files for `--config`."""

    share = 1

    def prepare(self, base: Path) -> None:
        shutil.copytree(OLD / "lmdb", base / "lmdb")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        recipe = rng.choice(sorted((ROOT / "training" / "recipes").glob("*.toml")))
        text = recipe.read_text(encoding="utf-8") + 'lr = 0.01\nrun = "a"\naugment = 0.5\n'
        (folder / "my.toml").write_bytes(mutated_lines(text, rng))
        words = ("--data", base / "lmdb", *SMALL)
        return ocrtrain("fit", "--config", "my.toml", *words, check=lambda _: _one_run(folder))


class RunFolders(Surface):
    """Runs to resume, with one of their files damaged."""

    share = 1

    def prepare(self, base: Path) -> None:
        shutil.copytree(OLD / "lmdb", base / "lmdb")
        shutil.copytree(OLD / "runs", base / "runs")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        shutil.copytree(base / "runs", folder / "runs")
        run = folder / "runs" / "old"
        rng.choice((_damage_settings, _damage_metrics, _damage_state, _forge_state))(run, rng)
        words = ("--resume", "--run", "old", "--data", base / "lmdb")

        def check(_: str) -> str | None:
            done = json.loads((run / "finished.json").read_text())["step"]
            return None if done == 6 else f"{done} steps done"

        return ocrtrain("fit", *words, check=check)


def _damage_settings(run: Path, rng: Random) -> None:
    path = run / "settings.json"
    data = mutated_json(path.read_text(), rng)
    try:
        settings = json.loads(data)
    except (ValueError, RecursionError):
        settings = None
    if isinstance(settings, dict) and "max_steps" in settings:
        settings["max_steps"] = 6  # or a damaged run may be a long one
        data = json.dumps(settings).encode("utf-8", "surrogatepass")
    path.write_bytes(data)


def _damage_metrics(run: Path, rng: Random) -> None:
    path = run / "metrics.jsonl"
    path.write_bytes(mutated_lines(path.read_text(), rng))


def _damage_state(run: Path, rng: Random) -> None:
    (path,) = run.glob("state-*.pt")
    path.write_bytes(mutated(path.read_bytes(), rng))


def _forge_state(run: Path, rng: Random) -> None:
    """Other values in a state, under a checksum that is right."""
    import torch

    (path,) = run.glob("state-*.pt")
    head = path.read_bytes()[:10]
    fields = torch.load(io.BytesIO(path.read_bytes()[42:]), weights_only=True)
    changed = fields
    while isinstance(changed, dict) and changed and rng.random() < 0.6:
        parent, key = changed, rng.choice(list(changed))
        changed = changed[key]
    if changed is fields:
        fields = rng.choice(VALUES)
    else:
        parent[key] = rng.choice(VALUES)
    buffer = io.BytesIO()
    torch.save(fields, buffer)
    path.write_bytes(head + hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())


def _one_run(folder: Path) -> str | None:
    runs = [path for path in (folder / "runs").iterdir() if not path.name.startswith(".")]
    return None if len(runs) == 1 and (runs[0] / "last.safetensors").is_file() else "no model"
