"""State dicts that others trained become model files: same readings, blank first, own alphabet."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
import torch

from datagen.alphabet import read_list
from tests.support.bars import ocrtrain
from training.errors import CheckpointError
from training.model.checkpoint import load_model
from training.model.foreign_weights import import_weights
from training.model.networks import build
from training.model.recogniser import Recogniser

CHARACTERS = "天地玄黄宇宙"


def foreign(tmp_path: Path, model: str, classes: int, prefix: str = "") -> tuple[Path, Recogniser]:
    torch.manual_seed(3)
    network = build(model, classes, hidden=8).eval()
    state = {prefix + name: tensor for name, tensor in network.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "theirs.pth")
    return tmp_path / "theirs.pth", network


def write_list(tmp_path: Path, lines: str, blank: str = "") -> Path:
    path = tmp_path / "list.txt"
    path.write_text("".join(f"{line}\n" for line in [*([blank] if blank else []), *lines]), "utf-8")
    return path


def logits(network: Recogniser) -> torch.Tensor:
    images = torch.rand(2, 1, 32, 60, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return network(images)  # (T, N, C)


@pytest.mark.parametrize("model", ["crnn", "crnn_v2", "crnn_res"])
def test_each_network_is_told_by_its_names(tmp_path: Path, model: str) -> None:
    weights, network = foreign(tmp_path, model, len(CHARACTERS) + 1, prefix="module.")
    names = write_list(tmp_path, CHARACTERS, "blank")
    code, out, _ = ocrtrain("import", weights, "--alphabet", names)
    written = tmp_path / "theirs.model.safetensors"
    assert code == 0 and out == f"wrote {written}: {model}, 7 classes\n"
    loaded = load_model(written)
    assert loaded.alphabet.characters == CHARACTERS
    torch.testing.assert_close(logits(loaded.network), logits(network), rtol=0, atol=0)


@pytest.mark.parametrize("named", ["", "blank"])
def test_a_blank_at_the_end_moves_to_the_front(tmp_path: Path, named: str) -> None:
    weights, network = foreign(tmp_path, "crnn_v2", len(CHARACTERS) + 1)
    characters = read_list(write_list(tmp_path, CHARACTERS, named))
    import_weights(weights, characters, "last", tmp_path / "ours")
    moved = logits(load_model(tmp_path / "ours").network)
    theirs = logits(network)
    torch.testing.assert_close(moved, theirs[..., [6, 0, 1, 2, 3, 4, 5]], rtol=0, atol=1e-6)


def test_of_a_character_listed_twice_the_first_output_counts(tmp_path: Path) -> None:
    weights, network = foreign(tmp_path, "crnn_v2", 6)
    names = write_list(tmp_path, "天地天玄", " ")
    with pytest.raises(CheckpointError, match=r"6 outputs, .* blank first makes 5"):
        import_weights(weights, read_list(names), "first", tmp_path / "ours")
    names = write_list(tmp_path, "天地天玄黄", " ")
    code, out, err = ocrtrain("import", weights, "--alphabet", names, "--out", tmp_path / "ours")
    assert code == 0 and "5 classes, 1 outputs of duplicates dropped" in out
    assert "1 duplicates dropped" in err
    ours = logits(load_model(tmp_path / "ours").network)
    torch.testing.assert_close(ours, logits(network)[..., [0, 1, 2, 4, 5]], rtol=0, atol=1e-6)


def test_what_is_no_such_network_is_refused(tmp_path: Path) -> None:
    names = write_list(tmp_path, CHARACTERS, "blank")
    path = tmp_path / "x.pth"
    for content, says in (
        (b"nothing", "is damaged, or holds more than tensors"),
        ({"fc.weight": torch.zeros(2)}, r"holds fc.weight: not the parameters of crnn, crnn_v2"),
        (
            {"network": build("crnn", 7, width_multiplier=0.5).state_dict()},
            "no crnn of this shape",
        ),
    ):
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path)
        code, out, err = ocrtrain("import", path, "--alphabet", names)
        assert (code, out) == (1, "") and len(err.splitlines()) == 1
        with pytest.raises(CheckpointError, match=says):
            import_weights(path, read_list(names), "first", tmp_path / "ours")
    assert not (tmp_path / "ours").exists()


def test_weights_that_are_damaged_or_claim_too_much_are_refused(tmp_path: Path) -> None:
    names = read_list(write_list(tmp_path, CHARACTERS, "blank"))
    whole = build("crnn_v2", 7, hidden=8).state_dict()
    for name, tensor, says in (
        ("bn5.bias", whole["bn5.bias"] * float("nan"), "no finite numbers: bn5.bias"),
        ("conv1_1.weight", torch.zeros(3), "conv1_1.weight has the shape .3,., not 4 axes"),
        ("rnn.1.embedding.weight", torch.zeros(1).expand(10**9, 10**9), "claims 1,000,000,"),
        ("rnn.1.embedding.bias", torch.zeros(9), "weight and a bias of different lengths"),
    ):
        torch.save(whole | {name: tensor}, tmp_path / "x.pth")
        with pytest.raises(CheckpointError, match=says):
            import_weights(tmp_path / "x.pth", names, "first", tmp_path / "ours")


def test_no_damaged_file_is_more_than_one_line(tmp_path: Path) -> None:
    weights, _ = foreign(tmp_path, "crnn_v2", len(CHARACTERS) + 1)
    names = read_list(write_list(tmp_path, CHARACTERS, "blank"))
    data, rng = weights.read_bytes(), np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(data[: rng.integers(1, len(data))] if rng.random() < 0.3 else data)
        for at in rng.integers(0, min(len(damaged), 4000), 8):
            damaged[at] = rng.integers(256)
        (tmp_path / "x.pth").write_bytes(damaged)
        with contextlib.suppress(CheckpointError):
            import_weights(tmp_path / "x.pth", names, "first", tmp_path / "ours")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    names = write_list(tmp_path, CHARACTERS, "blank")
    with pytest.raises(CheckpointError, match=r"cannot read .*none: No such file"):
        import_weights(tmp_path / "none", read_list(names), "first", tmp_path / "ours")
