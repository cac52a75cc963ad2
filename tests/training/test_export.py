"""Export: the ONNX file gives torch's logits for any batch and width, and reads without torch."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.bars import ALPHABET, bars, ocrtrain, random_texts, save, write_list
from training.errors import CheckpointError, ReadError
from training.inference.line_reader import LineReader
from training.inference.scorers import OnnxScorer, TorchScorer
from training.model.model_settings import MODELS

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")


def lines(count: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (32, w)).astype(np.uint8) for w in (33, 280, 280, 700)][:count]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each network with random weights, as a checkpoint, as ONNX and as 8-bit ONNX."""
    from training.export import export
    from training.model.checkpoint import save_model
    from training.model.networks import build

    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("models")
    for name in MODELS:
        torch.manual_seed(0)
        network = build(name, len(ALPHABET), hidden=16, width_multiplier=0.1)
        save_model(out / f"{name}.safetensors", network, ALPHABET, training={"step": 7})
        done: list[tuple[int, int]] = []
        check = export(
            out / f"{name}.safetensors",
            out / f"{name}.onnx",
            lines(),
            progress=lambda *now, done=done: done.append(now),
        )
        assert check.largest < 1e-4 and check.same_text == check.lines == 4
        assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    export(out / "crnn.safetensors", out / "crnn.int8.onnx", lines(), int8=True)
    return out


@pytest.mark.parametrize("name", MODELS)
def test_logits_are_torchs_for_any_batch_and_width(folder: Path, name: str) -> None:
    ours = TorchScorer(folder / f"{name}.safetensors", "cpu")
    theirs = OnnxScorer(folder / f"{name}.onnx", threads=1)
    rng = np.random.default_rng(1)
    for count, width in [(1, 40), (3, 280), (2, 283), (5, 1120)]:
        images = rng.integers(0, 256, (count, 32, width)).astype(np.uint8)
        np.testing.assert_allclose(theirs.logits(images), ours.logits(images), atol=1e-4)
    assert (theirs.frame_px, theirs.frame_offset_px) == (ours.frame_px, ours.frame_offset_px)
    assert theirs.alphabet == ALPHABET


def test_eight_bits_come_close_and_are_smaller(folder: Path) -> None:
    whole, eight = OnnxScorer(folder / "crnn.onnx", 1), OnnxScorer(folder / "crnn.int8.onnx", 1)
    images = np.stack(lines()[1:3])
    a, b = whole.logits(images), eight.logits(images)
    assert 0 < np.abs(a - b).max() < 0.1 * np.abs(a).max()
    properties = {p.key: p.value for p in onnx.load(folder / "crnn.int8.onnx").metadata_props}
    assert properties["quantised"] == "int8 weights"
    assert '"step": 7' in properties["training"]


def test_reading_with_onnx_needs_no_torch(folder: Path, tmp_path: Path) -> None:
    image = save(tmp_path / "a.png", bars("天地玄黄"))
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from training.inference.line_reader import LineReader\n"
        f"print(*[r.text for r in LineReader.open(onnx={str(folder / 'crnn.onnx')!r})"
        f".read([{str(image)!r}])])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8"
    )
    (expected,) = LineReader(TorchScorer(folder / "crnn.safetensors", "cpu")).read([image])
    assert done.stdout.strip() == expected.text


def test_a_checkpoint_without_torch_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.inference.scorers.find_spec", lambda name: None)
    with pytest.raises(
        ReadError, match=r"pip install 'ocrgen\[train\]', or .* --checkpoint FILE.onnx"
    ):
        LineReader.open(folder / "crnn.safetensors")


def test_a_file_of_another_program_is_refused(folder: Path, tmp_path: Path) -> None:
    model = onnx.load(folder / "crnn.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(CheckpointError, match=r"foreign.onnx was not written by `ocrtrain export`"):
        OnnxScorer(tmp_path / "foreign.onnx")


def rewritten(folder: Path, path: Path, **fields: str) -> Path:
    """The exported crnn with some of its metadata replaced."""
    model = onnx.load(folder / "crnn.onnx")
    metadata = {p.key: p.value for p in model.metadata_props} | fields
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def test_metadata_that_contradicts_the_graph_is_refused(folder: Path, tmp_path: Path) -> None:
    shape = '{"model": "crnn", "classes": 4}'
    for fields, says in (
        ({"alphabet": '{"characters": "天地玄黄宇宙洪荒", "blank": 8}'}, "the blank is class 8"),
        ({"alphabet": '{"characters": "天地玄", "blank": 0}'}, "9 outputs but an alphabet of 4"),
        ({"alphabet": '{"characters": "天地玄", "blank": 0}', "model": shape}, "gives scores of"),
        ({"frames": '{"frame_px": 0, "frame_offset_px": 0}'}, "frames: frame_px: expected int"),
        ({"version": "2"}, "says format 'ocrtrain-onnx', version '2'"),
    ):
        with pytest.raises(CheckpointError, match=says):
            OnnxScorer(rewritten(folder, tmp_path / "x.onnx", **fields), threads=1)


def test_no_damaged_file_is_more_than_one_line(folder: Path, tmp_path: Path) -> None:
    data, rng = (folder / "crnn.onnx").read_bytes(), np.random.default_rng(0)
    path = tmp_path / "x.onnx"
    for _ in range(20):
        damaged = bytearray(data[: rng.integers(1, len(data))] if rng.random() < 0.3 else data)
        for at in rng.integers(0, len(damaged), 8):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(CheckpointError):
            OnnxScorer(path, threads=1).logits(np.zeros((1, 32, 80), np.uint8))


def test_devices_that_are_not_there_are_refused(folder: Path) -> None:
    for device in ("foo", "cuda:77", "meta", ""):
        with pytest.raises(ReadError, match=f"device {device} cannot be used here"):
            LineReader.open(folder / "crnn.safetensors", device=device)
    with pytest.raises(ReadError, match="device tpu: ONNX Runtime is used with cpu, cuda or"):
        LineReader.open(onnx=folder / "crnn.onnx", device="tpu")
    assert LineReader.open(onnx=folder / "crnn.onnx", device="cpu").scorer.frame_px == 4
    with pytest.raises(ReadError, match="100000 threads; ONNX Runtime takes 0"):
        OnnxScorer(folder / "crnn.onnx", threads=100_000)


def test_a_graph_that_differs_from_torch_is_not_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import export as module

    monkeypatch.setattr(module, "MAX_DIFFERENCE", -1.0)
    with pytest.raises(ReadError, match=r"bad.onnx is not written: its logits differ"):
        module.export(folder / "crnn.safetensors", tmp_path / "bad.onnx", lines(1))
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_utf8_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.onnx")
    arguments = ("export", "--checkpoint", folder / "crnn_v2.safetensors", "--out", name)
    code, out, err = ocrtrain(*arguments)
    assert (code, out) == (1, "") and "is not UTF-8" in err and err.count("\n") == 1


def test_command_checks_on_labelled_lines_and_measures_eight_bits(
    folder: Path, tmp_path: Path
) -> None:
    data = write_list(tmp_path / "lines", random_texts(6))
    out = tmp_path / "out.onnx"
    arguments = ("export", "--checkpoint", folder / "crnn_v2.safetensors", "--data", data)
    code, text, _ = ocrtrain(*arguments, "--out", out, "--limit", 4)
    assert code == 0 and out.is_file()
    assert "on 4 lines" in text and "4 texts are the same" in text
    code, text, _ = ocrtrain(*arguments, "--out", out, "--int8")
    assert code == 0 and "line accuracy" in text and "after" in text


def test_command_predicts_and_evaluates_with_the_file(folder: Path, tmp_path: Path) -> None:
    data = write_list(tmp_path, random_texts(5))
    results = {}
    nameless = tmp_path / "crnn"
    nameless.write_bytes((folder / "crnn.onnx").read_bytes())
    for option, file in (
        ("--onnx", nameless),
        ("--checkpoint", folder / "crnn.onnx"),
        ("--checkpoint", folder / "crnn.safetensors"),
    ):
        model = (option, file, *(("--device", "cpu") if file.suffix == ".safetensors" else ()))
        code, results[file.suffix], _ = ocrtrain("predict", *tmp_path.glob("*.png"), *model)
        assert code == 0
        code, table, _ = ocrtrain("evaluate", "--data", data, *model, "--format", "tsv")
        assert code == 0 and table.startswith("kind\tname\tlines")
    assert results[""] == results[".onnx"] == results[".safetensors"]


def test_command_compares_two_files_and_writes_the_page(folder: Path, tmp_path: Path) -> None:
    data = write_list(tmp_path, random_texts(9), {"face": ["song", "kai", "hei"] * 3})
    models = ("--onnx", folder / "crnn.onnx", "--compare", folder / "crnn.int8.onnx")
    page = tmp_path / "page.html"
    code, out, err = ocrtrain(
        "evaluate", "--data", data, *models, "--html", page, "--format", "json", "--limit", 6
    )
    assert code == 0 and f"wrote {page}" in err
    made = json.loads(out)
    assert made["strict"]["lines"] == 6 and len(made["groups"]) >= 3
    assert made["comparison"]["model"].endswith("crnn.int8.onnx")
    text = page.read_text(encoding="utf-8")
    assert text.count("<img src=") == len(made["worst"]) == 6
    assert f"and {made['comparison']['model']} on the same lines, strict" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("evaluate", "--data", "none"), "none holds no manifest.json or labels.tsv"),
        (("evaluate", "--data", ".", "--checkpoint", "x"), "there is no checkpoint x; see what"),
        (("evaluate", "--data", ".", "--onnx", "labels.tsv"), "labels.tsv is damaged or no ONNX"),
        (("export", "--data", ".", "--checkpoint", "x"), "there is no checkpoint x; see what"),
        (("export", "--checkpoint", "x", "--data", "y"), "y holds no manifest.json"),
    ],
)
def test_bad_calls_get_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    write_list(tmp_path, ["天"])
    monkeypatch.chdir(tmp_path)
    code, out, err = ocrtrain(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith(f"Error: {says}") and len(err.splitlines()) == 1


def test_no_output_replaces_a_file_of_another_kind(folder: Path, tmp_path: Path) -> None:
    data = write_list(tmp_path, ["天", "地"])
    model = folder / "crnn.safetensors"
    note = tmp_path / "note.txt"
    note.write_text("天地玄黄" * 9, encoding="utf-8")
    calls = (
        ("export", "--checkpoint", model, "--data", data, "--out", note),
        ("evaluate", "--data", data, "--checkpoint", model, "--html", note),
        ("lm", "build", "--corpus", note, "--checkpoint", model, "--out", note),
        ("import", model, "--alphabet", note, "--out", note),
    )
    note_before = note.read_bytes()
    for call in calls[:-1]:
        code, _, err = ocrtrain(*call)
        assert (
            code == 1 and f"Error: {note} exists and does not say that this command made it" in err
        )
        assert note.read_bytes() == note_before
    code, _, err = ocrtrain(*calls[-1])
    assert code == 1 and f"Error: {note} is an input of this command" in err
    assert note.read_bytes() == note_before
    code, _, err = ocrtrain(*calls[0][:-1], "/dev/null")
    assert code == 1 and "/dev/null is a device or pipe" in err
