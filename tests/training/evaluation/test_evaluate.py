"""Evaluation: metrics that can be counted by hand, groups, comparison, and its three forms."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from datagen.errors import AlphabetError
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.reader import Reader
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.sample import EFFECTS
from datagen.split import Split
from tests.support.bars import ALPHABET, BarScorer, random_texts, write_list
from tests.support.samples import ALPHABET as LETTERS
from tests.support.samples import make_render
from training.errors import ReadError
from training.evaluation.breakdown import class_groups, confusions, group_lines, worst_lines
from training.evaluation.evaluate import Evaluation, evaluate, training_occurrences
from training.evaluation.labelled import open_labelled
from training.evaluation.report import as_json, as_rows, as_table, build_report, verdict
from training.inference.line_reader import LineReader

TEXTS = ["天地", "地", "玄黄宇宙", "天天天天天天", "荒", "黄天"]
COLUMNS = {
    "corpus": ["news", "news", "news", "old", "old", "old"],
    "face": ["song", "kai"] * 3,
}


@pytest.fixture
def source(tmp_path: Path) -> Reader:
    return open_labelled(write_list(tmp_path, TEXTS, COLUMNS))


def read_by(source: Reader, blind: str, name: str = "bars") -> Evaluation:
    return evaluate(LineReader(BarScorer(blind, name)), source, "bars")


def test_a_perfect_reader_has_no_errors(source: Reader) -> None:
    evaluation = read_by(source, "")
    assert evaluation.predictions == evaluation.targets == TEXTS
    assert evaluation.strict.line_accuracy == 1.0 and evaluation.strict.cer == 0.0
    assert len(worst_lines(evaluation)) == 0 and confusions(evaluation) == []


def test_the_metrics_of_a_reader_that_takes_one_character_for_another(source: Reader) -> None:
    evaluation = read_by(source, "天")  # reads 天 as 荒, the last of the alphabet
    assert evaluation.strict.edits.tolist() == [1, 0, 0, 6, 0, 1]
    assert evaluation.strict.cer == pytest.approx(8 / 16)
    pairs = confusions(evaluation)
    assert [(c.target, c.prediction, c.count) for c in pairs] == [("天", "荒", 8)]
    assert worst_lines(evaluation)[0] == 3 and set(worst_lines(evaluation)) == {0, 3, 5}


def test_groups_by_corpus_face_and_length(source: Reader) -> None:
    by_name = {(g.kind, g.name): g.metrics for g in group_lines(read_by(source, "天"))}
    assert by_name["corpus", "news"].line_accuracy.value == pytest.approx(2 / 3)
    assert by_name["corpus", "old"].cer.value == pytest.approx(7 / 9)
    assert by_name["face", "song"].lines == 3
    assert by_name["length", "1 to 4"].lines == 5
    assert by_name["length", "5 to 9"].line_accuracy.value == 0.0
    assert not any(kind in EFFECTS for kind, _ in by_name)


def test_groups_by_image_height_and_ground(tmp_path: Path) -> None:
    path = write_list(tmp_path, TEXTS)
    files = [tmp_path / f"{i:04d}.png" for i in range(len(TEXTS))]
    gray = cv2.imread(str(files[2]), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(files[2]), cv2.resize(gray, None, fx=1.25, fy=1.25))
    cv2.imwrite(str(files[5]), 255 - cv2.imread(str(files[5]), cv2.IMREAD_GRAYSCALE))
    evaluation = read_by(open_labelled(path), "")
    assert evaluation.inverted.tolist() == [False] * 5 + [True]
    groups = group_lines(evaluation)
    lines = {(g.kind, g.name): g.metrics.lines for g in groups}
    assert lines["image height in px", "24 to 39"] == 5
    assert lines["image height in px", "40 and more"] == 1
    assert lines["ground", "light"] == 5 and lines["ground", "dark"] == 1


def test_groups_by_effect_strength_are_quartiles(source: Reader) -> None:
    evaluation = read_by(source, "天")
    evaluation.meta["effects"][:, EFFECTS.index("blur_px")] = [0.8, 0.2, 0.1, 0.9, 0.5, 0.7]
    found = [g for g in group_lines(evaluation) if g.kind == "blur_px"]
    assert sum(g.metrics.lines for g in found) == len(TEXTS)
    assert found[0].name.startswith("0.1 to ") and found[-1].name.endswith(" to 0.9")
    assert found[-1].metrics.line_accuracy.value < found[0].metrics.line_accuracy.value


def test_characters_by_how_often_they_stood_in_training(source: Reader) -> None:
    seen = {"天": 3, "地": 50, "玄": 50}
    by_name = {g.name: g for g in class_groups(read_by(source, "天"), lambda c: seen.get(c, 0))}
    assert set(by_name) == {"0", "1 to 9", "10 to 99"}
    assert by_name["1 to 9"].characters == 8 and by_name["1 to 9"].right.value == 0.0
    assert by_name["10 to 99"].classes == 2 and by_name["10 to 99"].right.value == 1.0


def test_losses_and_additions_are_confusions_with_nothing() -> None:
    evaluation = evaluation_of(predictions=["天", "天地地"], targets=["天地", "天地"])
    pairs = {(c.target, c.prediction): c.count for c in confusions(evaluation)}
    assert pairs == {("地", ""): 1, ("", "地"): 1}


def evaluation_of(predictions: list[str], targets: list[str]) -> Evaluation:
    """An evaluation without images."""
    from datagen.formats.reader import DatasetInfo
    from datagen.sample import META_DTYPE

    n = len(targets)
    return Evaluation(
        "a model", "some data", predictions, targets, np.linspace(0.5, 0.9, n), np.full(n, 32),
        np.zeros(n, bool), np.arange(n), np.zeros(n, META_DTYPE), DatasetInfo(ALPHABET), 1.0,
    )  # fmt: skip


def test_normalised_metrics_forgive_width_and_spaces_only() -> None:
    evaluation = evaluation_of(predictions=["A1，天", "地"], targets=["Ａ１ ， 天", "天"])
    assert evaluation.strict.line_accuracy == 0.0
    assert evaluation.normalised.line_accuracy == 0.5


def test_a_space_counts_in_strict_metrics_and_shows_in_confusions() -> None:
    evaluation = evaluation_of(predictions=["A1天", "a b"], targets=["A1 天", "ab"])
    assert evaluation.strict.edits.tolist() == [1, 1]
    assert evaluation.strict.target_lengths.tolist() == [4, 2]
    assert evaluation.normalised.edits.tolist() == [0, 0]
    table = as_table(build_report(evaluation))
    assert "'␣' not read" in table and "'␣' read where nothing stands" in table
    assert "strict (spaces count)" in table


def test_a_limit_spreads_over_the_data(source: Reader) -> None:
    evaluation = evaluate(LineReader(BarScorer()), source, "bars", limit=3)
    assert evaluation.positions.tolist() == [0, 2, 4]
    assert evaluation.targets == TEXTS[::2]


def test_two_models_on_the_same_lines(source: Reader) -> None:
    result = build_report(read_by(source, "天", "worse"), other=read_by(source, "", "better"))
    assert result.comparison is not None
    paired = result.comparison.paired
    assert (paired.only_first, paired.only_second) == (0, 3)
    assert paired.cer_change.value == pytest.approx(-0.5)
    table = as_table(result)
    assert "compared with better" in table
    assert "without error by worse alone: 0 lines, by better alone: 3" in table
    assert "CER of better less that of worse: -50.00 percentage points [" in table
    paired = replace(paired, only_second=30, p_value=0.001)
    assert verdict(paired, "worse", "better").startswith("better reads more lines")


def test_the_three_forms_agree(source: Reader) -> None:
    result = build_report(read_by(source, "天"), lambda character: 1000)
    values = json.loads(json.dumps(as_json(result), allow_nan=False))
    assert values["groups"][0]["figures"]["lines"] == 3  # as in 0.1.0
    assert values["strict"]["cer"]["value"] == 0.5
    rows = as_rows(result)
    assert len({len(row) for row in rows}) == 1
    assert rows[1][:2] == ("all", "strict") and float(rows[1][5]) == 0.5
    table = as_table(result)
    assert (
        "50.00 % [" in table
        and "  '天' read as '荒'  8×\n" in table + "\n"
        and "by corpus" in table
    )


def test_images_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = write_list(tmp_path, ["天", "地"])
    (tmp_path / "0001.png").write_bytes(b"no image")
    with pytest.raises(ReadError, match=r"cannot be read: 1 \(not an image"):
        read_by(open_labelled(path), "")
    (tmp_path / "0001.png").unlink()
    with pytest.raises(ReadError, match=r"cannot be used: cannot read .*0001\.png"):
        read_by(open_labelled(path), "")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no lines"),
        (b"a.png\n", "lines 1 have no 2 columns; each line is file<TAB>text"),
        (b"file\ttext\tface\na.png\tb\n", "file<TAB>text<TAB>face"),
        (b"a.png\t\xff\n", "not UTF-8"),
        (b"file\ttext\tlength\n", "columns file, text, length; there may be file, text, corpus"),
        (b"file\ttext\n\na.png\n", "lines 3 have no 2 columns"),
        (b"/etc/hosts\tx\n../a.png\ty\n", "outside of its folder: /etc/hosts, ../a.png; follow"),
    ],
)
def test_bad_lists_are_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "labels.tsv").write_bytes(content)
    with pytest.raises(ReadError, match=says):
        open_labelled(tmp_path)


def test_a_folder_without_labels_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"holds no manifest.json or labels.tsv"):
        open_labelled(tmp_path)


def test_many_lines_are_read_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.evaluation.evaluate.LINES_AT_ONCE", 7)
    texts = random_texts(30)
    done: list[tuple[int, int]] = []
    source = open_labelled(write_list(tmp_path, texts))
    reader = LineReader(BarScorer())
    evaluation = evaluate(reader, source, "bars", progress=lambda *now: done.append(now))
    assert evaluation.predictions == texts
    assert done == [(7, 30), (14, 30), (21, 30), (28, 30), (30, 30)]


def test_characters_that_the_model_lacks_count_as_errors_in_a_list(tmp_path: Path) -> None:
    write_list(tmp_path, ["天", "地"])
    (tmp_path / "labels.tsv").write_text("0000.png\t天鹤\n0001.png\t地\n", encoding="utf-8")
    evaluation = read_by(open_labelled(tmp_path), "")
    assert evaluation.outside == {"鹤": 1} and evaluation.strict.edits.tolist() == [1, 0]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real dataset of samples with faces, sizes and a class histogram."""
    folder = tmp_path_factory.mktemp("packed")
    make_render(folder / "render", 80)
    pack(PackSettings(inputs=(str(folder / "render"),), out=str(folder / "lmdb"), split=0.5))
    return folder / "lmdb"


def test_a_packed_dataset_is_evaluated_on_its_validation_side(packed: Path) -> None:
    source = open_labelled(packed)
    val = LmdbReader(packed, Split.VAL)
    assert 20 < len(source) == len(val) < 60
    train = (open_labelled(packed, Split.TRAIN), open_labelled(packed / "train"))
    assert [len(source) for source in train] == [80 - len(val)] * 2
    scorer = BarScorer()
    scorer.alphabet = LETTERS
    evaluation = evaluate(LineReader(scorer), source, "packed")
    assert evaluation.targets == val.read(range(len(val))).texts
    assert evaluation.strict.cer > 0.5  # letters are no bars
    kinds = {g.kind for g in group_lines(evaluation)}
    assert "face" in kinds
    occurrences = training_occurrences(source.info)
    assert occurrences is not None and occurrences("a") > 0 and occurrences("中") > 0
    assert sum(map(occurrences, LETTERS.characters)) == 10 * (80 - len(val))


def test_a_model_of_another_alphabet_is_refused(packed: Path) -> None:
    with pytest.raises(
        AlphabetError, match=r"packed was made for another alphabet than bars: its labels hold '"
    ):
        evaluate(LineReader(BarScorer()), open_labelled(packed), "packed")
