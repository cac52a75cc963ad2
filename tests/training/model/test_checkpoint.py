"""Model files: whole or absent, self-describing, and refused when they are not."""

import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from datagen.alphabet import Alphabet
from ocrbase.errors import DiskError
from training.errors import CheckpointError
from training.model.bundled import DEFAULT_BUNDLED, bundled
from training.model.checkpoint import default_model, load_model, model_to_read, save_model
from training.model.networks import build
from training.model.preprocess import PREPROCESSING_JSON
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


@pytest.mark.parametrize(
    ("said", "believed"), [(1120, 1120), (None, 0), ("wide", 0), (-8, 0), (10**9, 0)]
)
def test_the_width_trained_on_is_believed_within_reason(
    tmp_path: Path, network: Recogniser, said: object, believed: int
) -> None:
    save_model(tmp_path / "model", network, ALPHABET, training={"longest_px": said})
    assert load_model(tmp_path / "model").metadata.trained_px == believed


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


def rewritten(path: Path, **pairs: str | None) -> Path:
    """A model file with some of its metadata replaced; None drops a field."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata() | pairs
    save_file(tensors, path, {k: v for k, v in metadata.items() if v is not None})
    return path


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ({"model": "{"}, "m: model is no valid JSON"),
        ({"model": '{"model": "crnn_v2", "hidden": "4"}'}, "m: model: hidden: expected int"),
        ({"model": '{"model": "crnn_v2", "hidden": 0}'}, "m: model: hidden 0"),
        ({"model": None}, "lacks the field model"),
        ({"alphabet": '{"characters": "abc"}'}, "m: alphabet: .*required field blank"),
        (
            {"alphabet": '{"characters": "一二三四五六", "blank": 6}'},
            "the blank is class 6",
        ),
        ({"alphabet": '{"characters": "一一", "blank": 0}'}, "m: alphabet: listed twice"),
        ({"alphabet": '{"characters": "\\ud800", "blank": 0}'}, "alphabet is no valid JSON"),
        ({"preprocessing": "[]"}, "m: preprocessing: expected object"),
        ({"training": "7"}, "m: training: expected object"),
        (
            {"model": '{"model": "crnn_v2", "classes": 7, "hidden": 8192}'},
            "no crnn_v2 of this shape: size mismatch",
        ),
    ],
)
def test_metadata_is_checked_field_by_field(
    tmp_path: Path, network: Recogniser, pairs: dict[str, str | None], says: str
) -> None:
    save_model(tmp_path / "m", network, ALPHABET)
    with pytest.raises(CheckpointError, match=says) as caught:
        load_model(rewritten(tmp_path / "m", **pairs))
    assert "\n" not in str(caught.value)


def test_metadata_names_another_preparation_of_images(tmp_path: Path, network: Recogniser) -> None:
    save_model(tmp_path / "m", network, ALPHABET)
    other = PREPROCESSING_JSON.replace("127.5", "255")
    with pytest.raises(CheckpointError, match=r"was trained on images prepared otherwise: .*255"):
        load_model(rewritten(tmp_path / "m", preprocessing=other))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, network: Recogniser) -> None:
    state = network.state_dict()
    state["bn5.bias"] = torch.full_like(state["bn5.bias"], float("nan"))
    save_model(tmp_path / "m", network, ALPHABET, state=state)
    with pytest.raises(CheckpointError, match=r"m holds weights that are no finite numbers: bn5"):
        load_model(tmp_path / "m")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m")
    with pytest.raises(CheckpointError, match="it is a fifo, not a regular file"):
        load_model(tmp_path / "m")


@pytest.mark.parametrize(
    ("training", "own"),
    [({"line_accuracy": 0.049}, False), ({"line_accuracy": 0.05}, True), ({}, True)],
)
def test_a_run_that_reads_nearly_nothing_is_not_read_with_unasked(
    tmp_path: Path, network: Recogniser, training: dict[str, object], own: bool
) -> None:
    path = tmp_path / "a" / "best.safetensors"
    save_model(path, network, ALPHABET, training=training)
    chosen, why = model_to_read(tmp_path)
    if own:
        assert (chosen, why) == (path, "")
    else:
        assert chosen == bundled()[DEFAULT_BUNDLED]
        assert why.startswith(
            f"{path} reads 4.9% of its validation lines, so the bundled {DEFAULT_BUNDLED}"
        )


def test_without_runs_the_bundled_model_reads(tmp_path: Path) -> None:
    assert model_to_read(tmp_path) == (bundled()[DEFAULT_BUNDLED], "")
