"""Model files: whole or absent, self-describing, and refused when they are not."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from datagen.alphabet import Alphabet
from ocrbase.errors import DiskError
from training.errors import CheckpointError
from training.model.checkpoint import default_model, load_model, save_model
from training.model.networks import build
from training.model.recogniser import Recogniser

torch.set_num_threads(1)
ALPHABET = Alphabet(("", *"一二三四五六"))


@pytest.fixture
def network() -> Recogniser:
    torch.manual_seed(0)
    return build("crnn_v2", 7, hidden=4, width_multiplier=0.125).eval()


def test_a_model_comes_back_as_it_was(tmp_path: Path, network: Recogniser) -> None:
    path = tmp_path / "run" / "best.safetensors"
    save_model(path, network, ALPHABET, training={"step": 7, "line_accuracy": 0.5})
    model = load_model(path)
    assert model.alphabet == ALPHABET
    assert model.settings == network.settings
    assert model.training == {"step": 7, "line_accuracy": 0.5}
    image = torch.randn(1, 1, 32, 80)
    with torch.no_grad():
        torch.testing.assert_close(model.network(image), network(image), rtol=0, atol=0)
    assert [file.name for file in path.parent.iterdir()] == ["best.safetensors"]


def test_half_precision_halves_the_file(tmp_path: Path, network: Recogniser) -> None:
    save_model(tmp_path / "full", network, ALPHABET)
    save_model(tmp_path / "half", network, ALPHABET, dtype=torch.float16)
    full, half = (
        sum(t.nbytes for t in state.values())
        for state in (
            load_model(tmp_path / "full").network.state_dict(),
            load_model(tmp_path / "half").network.state_dict(),
        )
    )
    assert full == half  # float32 again in memory
    assert (tmp_path / "half").stat().st_size < 0.62 * (tmp_path / "full").stat().st_size


def test_a_failed_write_keeps_the_older_file(
    tmp_path: Path, network: Recogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.safetensors"
    save_model(path, network, ALPHABET)
    before = path.read_bytes()

    def full_disk(tensors: object, aside: Path, metadata: object) -> None:
        aside.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training.model.checkpoint.save_file", full_disk)
    with pytest.raises(DiskError, match="the disk is full"):
        save_model(path, network, ALPHABET)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_missing_damaged_and_foreign_files_are_named(tmp_path: Path, network: Recogniser) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .*model"):
        load_model(path)
    save_model(path, network, ALPHABET)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        load_model(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="not a model file of version 1"):
        load_model(path)


def test_an_alphabet_of_another_size_is_refused(tmp_path: Path, network: Recogniser) -> None:
    save_model(tmp_path / "m", network, Alphabet(("", *"一二三")))
    with pytest.raises(CheckpointError, match="7 outputs but an alphabet of 4 classes"):
        load_model(tmp_path / "m")


def test_the_default_is_the_best_of_the_run_written_last(tmp_path: Path) -> None:
    for age, name in ((30, "a"), (10, "b"), (20, "c")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "best.safetensors").touch()
        os.utime(tmp_path / name / "best.safetensors", (1e9 - age, 1e9 - age))
    assert default_model(tmp_path) == tmp_path / "b" / "best.safetensors"
