"""The kit finds what it is there to find, and damages inputs the same way every time."""

import json
from pathlib import Path
from random import Random

import pytest

from tests.hostile import watch
from tests.hostile.faults import FAULTS
from tests.hostile.mutations import mutated, mutated_json, mutated_lines, option_value

FOUND = (
    "KeyError: 'key'", "the process ended with SIGSEGV", "not ended within 3 s",
    "too much memory", "something outside", "left behind: ['.x.part-1']", "the label is another",
    "exit code 3", "exit code 1 without a word", "a traceback",
)  # fmt: skip


def test_every_fault_is_a_finding_of_its_own_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "CASE_LIMIT_S", 3.0)
    tally = watch.run_cases("tests.hostile.faults.Faults", 0, len(FAULTS), tmp_path)
    assert len(tally.findings) == len(FOUND)
    for number, (finding, words) in enumerate(zip(tally.findings, FOUND, strict=True), 2):
        assert finding.startswith(f"tests.hostile.faults.Faults 0 {number}: "), finding
        assert words in finding
    assert tally.codes[0] == 5 and tally.codes[1] == 3


def test_damage_depends_on_the_seed_alone() -> None:
    data, text = bytes(range(256)) * 4, "a.jpg\tabc\nb.jpg\t文\n"
    value = json.dumps({"a": [1, {"b": "c"}], "d": None})
    for seed in range(300):
        rngs = Random(seed), Random(seed)
        first, second = (
            (
                mutated(data, rng),
                mutated_lines(text, rng),
                mutated_json(value, rng),
                option_value(rng),
            )
            for rng in rngs
        )
        assert first == second
    assert len({mutated(data, Random(seed)) for seed in range(300)}) > 250
    assert len({mutated_json(value, Random(seed)) for seed in range(300)}) > 150
