"""Reading files: text, confidence and character centres, whatever else is in the batch."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.bars import ALPHABET, BarScorer, bars, ocrtrain, save
from training.errors import ReadError
from training.inference.decoding import FloatArray
from training.inference.image_files import image_paths, listed_names
from training.inference.line_reader import LineReader, Reading, ReadSettings
from training.inference.scorers import Images, OnnxScorer, TorchScorer
from training.model.bundled import FOR_ONNX, bundled

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.model.checkpoint import save_model
    from training.model.networks import build

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("runs") / "runs" / "small" / "best.safetensors"
    network = build("crnn", len(ALPHABET), hidden=8, width_multiplier=0.05)
    save_model(path, network, ALPHABET)
    return path


def test_text_confidence_and_centres_in_the_file(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", bars("天地玄黄黄", height=64))
    (reading,) = LineReader(BarScorer()).read([path])
    assert reading.text == "天地玄黄黄" and reading.error is None
    assert 0.9 < reading.confidence <= 1
    found = [c.x_px for c in reading.characters]
    assert found == pytest.approx([2 * (14 + i * 28) for i in range(5)], abs=4)


def test_order_is_kept_and_lines_of_one_width_share_batches(tmp_path: Path) -> None:
    texts = ["天", "天地玄黄宇宙洪荒", "地", "荒洪宙宇黄玄地天", "玄"]
    paths = [save(tmp_path / f"{i}.png", bars(t)) for i, t in enumerate(texts)]
    scorer = BarScorer()
    readings = list(LineReader(scorer).read(paths))
    assert [r.text for r in readings] == texts
    assert sorted(scorer.shapes) == [(2, 32, 280), (3, 32, 80)]
    scorer.shapes.clear()
    small = LineReader(scorer, settings=ReadSettings(batch_px=160))
    assert [r.text for r in small.read(paths)] == texts
    assert sorted(scorer.shapes) == [(1, 32, 80), (1, 32, 280), (1, 32, 280), (2, 32, 80)]


def test_a_long_line_is_read_in_windows_without_loss_or_doubling(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list(ALPHABET.characters), 1100))
    path = save(tmp_path / "long.png", bars(text))
    scorer = BarScorer()
    (reading,) = LineReader(scorer).read([path])
    assert reading.text == text
    assert {shape[2] for shape in scorer.shapes} == {ReadSettings().window_px}
    assert max(shape[0] * shape[2] for shape in scorer.shapes) <= ReadSettings().batch_px
    assert reading.characters[-1].x_px == pytest.approx(14 + 1099 * 28, abs=2)


@pytest.mark.parametrize(("trained_px", "widths"), [(0, {560}), (300, {560}), (1100, {1120})])
def test_windows_are_as_wide_as_what_the_network_was_trained_on(
    tmp_path: Path, trained_px: int, widths: set[int]
) -> None:
    texts = ["天地玄黄宇宙洪荒" * 4, "荒洪宙宇黄玄地天" * 12]  # 916 and 2,708 px
    scorer = BarScorer()
    scorer.trained_px = trained_px
    reader = LineReader(scorer)
    (long,) = reader.read([save(tmp_path / "long.png", bars(texts[1]))])
    assert {shape[2] for shape in scorer.shapes} == widths
    scorer.shapes.clear()
    (line,) = reader.read([save(tmp_path / "line.png", bars(texts[0]))])
    assert {shape[2] for shape in scorer.shapes} == ({960} if trained_px == 1100 else {560})
    assert (line.text, long.text) == (texts[0], texts[1])


def test_long_lines_of_one_width_do_not_mix_their_windows(tmp_path: Path) -> None:
    texts = ["天地玄黄宇宙洪荒" * 6, "荒洪宙宇黄玄地天" * 6, "黄" * 48]
    paths = [save(tmp_path / f"{i}.png", bars(t)) for i, t in enumerate(texts)]
    reader = LineReader(BarScorer(), settings=ReadSettings(batch_px=5600))
    assert [r.text for r in reader.read(paths)] == texts


def test_a_line_reads_the_same_alone_and_in_company(checkpoint: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [rng.integers(0, 255, (32, w)).astype(np.uint8) for w in (90, 110, 120, 300, 119)]
    reader = LineReader(TorchScorer(checkpoint, "cpu"))
    together = reader.decode(lines)
    for line, decoded in zip(lines, together, strict=True):
        (alone,) = reader.decode([line])
        assert alone.class_ids.tolist() == decoded.class_ids.tolist()
        np.testing.assert_allclose(alone.confidences, decoded.confidences, rtol=1e-4)


def test_paths_bytes_pil_images_and_arrays_read_the_same(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", bars("天地玄黄", height=64))
    with Image.open(path) as image:
        gray = np.asarray(image)
        sources = [str(path), path, path.read_bytes(), image, gray, np.dstack([gray] * 3)]
        readings = list(LineReader(BarScorer()).read([*sources, np.zeros((9, 9))]))
    assert {r.text for r in readings[:-1]} == {"天地玄黄"}
    assert [r.source for r in readings] == [str(path), str(path), *[""] * 5]
    assert "type float64; lines are uint8" in (readings[-1].error or "")


@pytest.mark.parametrize("single", ["a.png", Path("a.png"), b"", np.zeros((32, 80), np.uint8)])
def test_a_single_image_is_asked_for_in_a_list(single: object) -> None:
    with pytest.raises(TypeError, match="give it a list"):
        LineReader(BarScorer()).read(single)  # type: ignore[arg-type]


def test_what_is_no_image_at_all_is_the_callers_mistake() -> None:
    with pytest.raises(TypeError, match="int is no image"):
        list(LineReader(BarScorer()).read([3]))  # type: ignore[list-item]


def test_groups_are_bounded_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.inference.line_reader.MAX_HELD_PX", 200)
    texts = ["天地玄黄", "地", "玄黄宇宙洪荒", "荒"]
    scorer = BarScorer()
    assert [r.text for r in LineReader(scorer).read([bars(t) for t in texts])] == texts
    assert len(scorer.shapes) > 2


def test_scores_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    class Broken(BarScorer):
        def logits(self, images: Images) -> FloatArray:
            return super().logits(images) * np.float32(np.nan)

    with pytest.raises(ReadError, match="bars gives scores that are no numbers"):
        list(LineReader(Broken()).read([bars("天")]))


def test_nothing_to_read_gives_nothing() -> None:
    assert list(LineReader(BarScorer()).read([])) == []


def test_paths_are_files_folders_patterns_and_a_list(tmp_path: Path) -> None:
    for name in ("b.png", "sub/a.JPG", "c.txt", "[1].png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def found(*arguments: str, listing: tuple[str, ...] = ()) -> list[str]:
        whole = [str(tmp_path / a) if a != "-" else a for a in arguments]
        paths = image_paths(whole, [str(tmp_path / line) + "\n" for line in listing])
        return [p.relative_to(tmp_path).as_posix() for p in paths]

    assert found("") == ["[1].png", "b.png", "sub/a.JPG"]
    assert found("*.png") == ["[1].png", "b.png"]
    assert found("[1].png", "c.txt") == ["[1].png", "c.txt"]
    assert found("none.png", "-", listing=("sub", "b.png")) == ["none.png", "sub/a.JPG", "b.png"]
    with pytest.raises(ReadError, match="nothing fits the pattern"):
        found("x*")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match="empty holds no image"):
        found("empty")


def test_command_reads_with_the_newest_best_and_says_so(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkpoint.parents[2])
    path = save(tmp_path / "a.png", bars("天地"))
    code, out, err = ocrtrain("predict", path, "--device", "cpu")
    assert code == 0 and err.startswith("reading with runs/small/best.safetensors\n")
    (expected,) = LineReader.open(device="cpu").read([path])
    assert out == expected.text + "\n"


def test_forms_agree_and_bad_files_are_named_and_skipped(tmp_path: Path, checkpoint: Path) -> None:
    good = save(tmp_path / "a.png", bars("天地玄"))
    (tmp_path / "b.png").write_bytes(b"nothing")
    arguments = ("predict", tmp_path, tmp_path / "none.png", "--checkpoint", checkpoint)
    (expected,) = LineReader.open(checkpoint, device="cpu").read([good])
    forms = {}
    for form in ("plain", "tsv", "json"):
        code, forms[form], err = ocrtrain(*arguments, "--device", "cpu", "--format", form)
        assert code == 1
        assert f"{tmp_path / 'b.png'}: not an image (AVIF, BMP," in err
        assert f"{tmp_path / 'none.png'}: No such file or directory; skipped" in err
        assert "2 of 3 files could not be read" in err
    assert forms["plain"] == f"{expected.text}\n"
    assert forms["tsv"] == f"{good}\t{expected.confidence:.4f}\t{expected.text}\n"
    headed = ocrtrain(*arguments, "--device", "cpu", "--format", "tsv", "--header")[1]
    assert headed == f"file\tconfidence\ttext\n{forms['tsv']}"
    line = json.loads(forms["json"])
    assert line["file"] == str(good) and line["text"] == expected.text
    assert [c["text"] for c in line["characters"]] == list(expected.text)


def test_doubtful_readings_are_told_of_once_per_kind(tmp_path: Path, checkpoint: Path) -> None:
    one = bars("天地玄黄宇宙洪荒")
    paths = [save(tmp_path / "a.png", one), save(tmp_path / "b.png", np.concatenate([one, one]))]
    paths += [save(tmp_path / f"{name}.png", np.rot90(one)) for name in "cd"]
    code, out, err = ocrtrain("predict", *paths, "--checkpoint", checkpoint, "--device", "cpu")
    assert code == 0 and len(out.splitlines()) == 4
    told = err.splitlines()[1:]
    assert told[0].startswith(f"likely two lines, read as one: {paths[1]}; cut it into")
    assert told[1].startswith(f"likely vertical text, read as one: {paths[2]}, {paths[3]}; turn it")
    assert told[2].startswith("4 of 4 lines with a confidence under 0.7: ")
    assert len(told) == 3
    (sure,) = LineReader(BarScorer()).read([paths[0]])
    assert sure.layout == "one line"


def test_names_that_are_no_unicode_are_escaped(tmp_path: Path, checkpoint: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\ta.png")
    path.write_bytes(save(tmp_path / "a.png", bars("天")).read_bytes())
    arguments = ("--checkpoint", checkpoint, "--device", "cpu", "--format")
    code, out, _ = ocrtrain("predict", tmp_path, *arguments, "tsv")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == [
        f"{tmp_path}/a.png", f"{tmp_path}/\\udcff\\ta.png",
    ]  # fmt: skip
    code, out, _ = ocrtrain("predict", tmp_path, *arguments, "json")
    assert [json.loads(line)["file"] for line in out.splitlines()][1] == str(path)


def test_a_list_on_standard_input(tmp_path: Path, checkpoint: Path) -> None:
    paths = [save(tmp_path / name, bars("天")) for name in ("z.png", "a.png")]
    listing = "".join(f"{p}\n" for p in paths)
    arguments = ("predict", "-", "--checkpoint", checkpoint, "--format", "tsv", "--device", "cpu")
    code, out, _ = ocrtrain(*arguments, stdin=listing)
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == [str(p) for p in paths]


def test_a_list_may_name_any_file_but_must_be_a_list() -> None:
    assert listed_names(io.BytesIO(b"a.png\r\n\xff.png\n")) == ["a.png", "\udcff.png"]
    for data in (b"\x89PNG\0\0", bytes(10**6)):
        with pytest.raises(ReadError, match="standard input is no list"):
            listed_names(io.BytesIO(data))


def test_names_that_no_file_can_have_are_one_line_each(tmp_path: Path) -> None:
    assert len(list(image_paths(["x" * 5000, "a\0b"]))) == 2
    for pattern in ("*\0", "x" * 5000 + "*", "x" * 5000 + "/*"):
        with pytest.raises(ReadError):
            list(image_paths([pattern]))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["x.png", "--checkpoint", "none"], 1, "there is no checkpoint none"),
        (
            ["x.png", "--onnx", "none"],
            1,
            "there is no model none; write one with `ocrtrain export`",
        ),
        (["x.png", "--onnx", "a", "--checkpoint", "b"], 1, "exclude one another"),
        (["x*.png"], 1, "nothing fits the pattern x*.png"),
        (["x.png", "--format", "xml"], 2, "'xml' is not one of 'plain', 'tsv', 'json'"),
        (["x.png", "--lm", "a", "--lm-weight", "nan"], 2, "'nan' is not a finite number"),
        ([], 2, "Missing argument 'PATHS...'"),
    ],
)
def test_bad_calls_get_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found, out, err = ocrtrain("predict", *arguments)
    assert (found, out) == (code, "")
    assert says in err.splitlines()[-1]


def test_a_damaged_model_is_refused_in_one_line(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", bars("天"))
    for option in ("--checkpoint", "--onnx"):
        code, _, err = ocrtrain("predict", path, option, path)
        assert code == 1 and err.startswith(f"Error: {path} is damaged or no ")
        assert len(err.splitlines()) == 1


def test_the_modules_of_reading_do_not_import_torch() -> None:
    modules = "beam, decoders, image_decoding, image_files, line_reader, scorers, windows"
    code = (
        "import sys\nfrom training.evaluation import metrics\n"
        f"from training.inference import {modules}\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_reading_with_an_error_has_no_text() -> None:
    assert Reading("a.png", error="damaged").text == ""


def test_a_file_of_a_list_that_is_gone_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "here[1].png").touch()
    names = [str(tmp_path / name) for name in ("here[1].png", "gone[1].png")]
    lines = [f"{names[0]}\n", " \n", f"{names[1]}\n"]
    assert list(image_paths(["-"], lines)) == [Path(n) for n in names]
    with pytest.raises(ReadError, match="nothing fits the pattern"):
        list(image_paths([names[1]]))


def test_8_bit_models_read_a_line_alike_whatever_it_is_batched_with() -> None:
    scorer = OnnxScorer(bundled(FOR_ONNX)["crnn_lite"], threads=1)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 160)).astype(np.uint8)
    images[1:] //= 4
    together = scorer.logits(images)
    for i in range(3):
        np.testing.assert_array_equal(together[:, i : i + 1], scorer.logits(images[i : i + 1]))
