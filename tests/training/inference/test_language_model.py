"""The n-gram model: a distribution for every history, its file, and what the search gains."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.alphabet import Alphabet
from tests.support.bars import ocrtrain
from training.errors import ReadError
from training.inference.beam import beam_decode
from training.inference.beam_settings import BeamSettings
from training.inference.decoders import open_decoder
from training.inference.decoding import greedy_decode
from training.inference.language_model import build, load, save

ALPHABET = Alphabet(("", *"天地玄黄宇"))
SENTENCES = st.lists(st.text(alphabet="天地玄黄宇X", max_size=12), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.integers(1, 4), st.lists(st.integers(1, 5), max_size=4))
def test_every_history_has_a_distribution(
    sentences: list[str], order: int, history: list[int]
) -> None:
    table = build([*sentences, "天"], ALPHABET, order).table
    total = sum(np.exp(table.log_prob(history, c)) for c in range(1, 6))
    assert total == pytest.approx(1, abs=1e-5)


def test_what_was_seen_is_likelier_and_what_was_not_is_possible() -> None:
    table = build(["天地玄黄", "天地玄黄", "天地宇"], ALPHABET).table
    sky, earth, dark, yellow, _ = range(1, 6)
    assert table.log_prob([sky, earth], dark) > table.log_prob([sky, earth], yellow)
    assert np.isfinite(table.log_prob([yellow, yellow], yellow))


def test_ngrams_end_where_sentences_and_the_alphabet_end() -> None:
    apart = build(["天X地", "玄", "黄"] * 9, ALPHABET, 2).table
    assert apart.offsets.tolist() == [0, 5, 5]
    assert build(["天地"] * 9, ALPHABET, 2).table.offsets.tolist() == [0, 5, 6]


def test_a_file_keeps_the_model(tmp_path: Path) -> None:
    model = build(["天地玄黄"], ALPHABET, sources=("own text, CC0",))
    save(model, tmp_path / "a.npz")
    again = load(tmp_path / "a.npz")
    assert again.alphabet == ALPHABET and again.sources == model.sources and again.characters == 4
    assert again.table.log_prob([1], 2) == model.table.log_prob([1], 2)


def test_bad_files_and_orders_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"no zip")
    np.savez(tmp_path / "other.npz", a=np.zeros(1))
    for name, says in [("none.npz", "lm build"), ("bad.npz", "damaged"), ("other.npz", "damaged")]:
        with pytest.raises(ReadError, match=says):
            load(tmp_path / name)
    with pytest.raises(ReadError, match="1 to 4"):
        build(["天"], ALPHABET, order=5)
    with pytest.raises(ReadError, match="no character"):
        build(["XYZ", ""], ALPHABET)


def rewritten(path: Path, **arrays: np.ndarray) -> Path:
    """A language model's file with some of its arrays replaced."""
    save(build(["天地玄黄"] * 3, ALPHABET), path)
    with np.load(path) as file:
        whole = dict(file) | arrays
    np.savez(path, **whole)
    return path


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"offsets": np.array([0, 5, 10**15])}, "its orders end at 1,000,000,000,000,000 of"),
        ({"offsets": np.array([0, 2**63 - 1, -2, 15])}, "its orders start at"),
        ({"offsets": np.zeros(0, np.int64)}, "its orders start at"),
        ({"offsets": np.zeros(5)}, "offsets is of type <f8"),
        ({"keys": np.zeros(3, np.uint64)}, "its arrays have different lengths"),
        ({"log_probs": np.full(10, np.nan, np.float32)}, "probabilities that are no finite"),
        ({"about": np.array('{"version": 1}')}, "a.npz: about: .*required field alphabet"),
        ({"about": np.array([1, 2], object)}, "damaged or no language model: about has"),
    ],
)
def test_tables_that_would_be_read_beyond_are_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], says: str
) -> None:
    with pytest.raises(ReadError, match=says):
        load(rewritten(tmp_path / "a.npz", **arrays))


def test_ngrams_out_of_order_are_refused(tmp_path: Path) -> None:
    table = build(["天地玄黄"] * 3, ALPHABET).table
    with pytest.raises(ReadError, match="its n-grams are not in order"):
        load(rewritten(tmp_path / "a.npz", keys=table.keys[::-1].copy()))


def test_a_header_that_claims_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "a.npz")
    with zipfile.ZipFile(path) as whole:
        entries = {name: whole.read(name) for name in whole.namelist()}
    header = io.BytesIO()
    claim = {"descr": "<u8", "fortran_order": False, "shape": (9 * 10**9,)}
    np.lib.format.write_array_header_1_0(header, claim)
    entries["keys.npy"] = header.getvalue()
    with zipfile.ZipFile(path, "w") as claiming:
        for name, data in entries.items():
            claiming.writestr(name, data)
    with pytest.raises(ReadError, match="keys has 0 bytes, not 72,000,000,000"):
        load(path)


def test_the_model_decides_between_look_alikes() -> None:
    # The image leaves 地 and 黄 equally likely; the text knows which follows 天.
    logits = np.full((5, 1, 6), -6, dtype=np.float32)
    logits[[0, 2, 4], 0, 0] = 6
    logits[1, 0, 1] = 6
    logits[3, 0, [2, 4]] = [6.0, 6.1]
    assert greedy_decode(logits, np.array([5]))[0].class_ids.tolist() == [1, 4]
    table = build(["天地玄黄"] * 5, ALPHABET).table
    (found,) = beam_decode(logits, np.array([5]), settings=BeamSettings(lm_weight=1), table=table)
    assert found.class_ids.tolist() == [1, 2]


def test_command_builds_from_a_file_and_the_search_uses_it(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("天地玄黄，宇宙洪荒。" * 20, encoding="utf-8")
    (tmp_path / "alphabet.txt").write_text("\n".join(ALPHABET.characters), encoding="utf-8")
    arguments = ("lm", "build", "--corpus", tmp_path / "text.txt", "--out", tmp_path / "lm.npz")
    code, out, _ = ocrtrain(*arguments, "--alphabet", tmp_path / "alphabet.txt", "--order", 2)
    assert code == 0 and "100 characters of text" in out
    table = load(tmp_path / "lm.npz").table
    assert table.order == 2 and np.exp(table.log_prob([1], 2)) > 0.9
    decode = open_decoder(None, tmp_path / "lm.npz", ALPHABET)
    logits = np.zeros((1, 1, len(ALPHABET)), dtype=np.float32)
    assert len(decode(logits, np.array([1]))) == 1
    with pytest.raises(ReadError, match="built for another alphabet"):
        open_decoder(None, tmp_path / "lm.npz", Alphabet(("", "天")))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": "greedy", "width": 3}, "--beam-width need --decoder beam"),
        ({"name": "greedy", "lm": Path("a.npz")}, "--lm and --beam-width need"),
        ({"name": "beam", "lm_weight": 0.5}, "--lm-weight needs --lm FILE"),
        ({"name": None, "lm": Path("none.npz")}, "there is no language model none.npz"),
    ],
)
def test_decoders_that_contradict_themselves(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ReadError, match=says):
        open_decoder(options.pop("name"), options.pop("lm", None), ALPHABET, **options)
