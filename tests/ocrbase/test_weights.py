"""`X:WEIGHT` means the same wherever it is written."""

from pathlib import Path

import pytest

from corpora import CorpusError, parse_mix
from datagen.data_sets.line_dataset import parse_data
from datagen.render.render_settings import render_name
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError, UserError
from ocrbase.weights import split_weight, split_weights


@pytest.mark.parametrize(
    ("spec", "pair"),
    [
        ("news", ("news", None)),
        ("news:3", ("news", 3.0)),
        ("news:1e-1", ("news", 0.1)),
        ("a:b:2", ("a:b", 2.0)),
        ("C:\\texts", ("C:\\texts", None)),
        ("a:b.txt", ("a:b.txt", None)),
        (":3", (":3", None)),
    ],
)
def test_all_readers_agree(spec: str, pair: tuple[str, float | None]) -> None:
    assert split_weight(spec) == pair
    assert parse_mix([spec]) == ((pair[0], 1.0),)
    assert parse_data([spec]) == [(Path(pair[0]), pair[1])]
    assert render_name(PlanSettings(corpora=(spec,))) == Path(pair[0]).stem


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "1e-320", "1e300"])
def test_weights_out_of_range_are_all_named(weight: str) -> None:
    with pytest.raises(UserError, match=rf"1e-09 to 1e\+09: a:{weight}, c:{weight}$"):
        split_weights([f"a:{weight}", "b:1", f"c:{weight}"], "corpus", UserError)
    with pytest.raises(CorpusError, match="weight of a corpus"):
        parse_mix([f"a:{weight}"])
    with pytest.raises(SettingsError, match="weight of a data set"):
        parse_data([f"a:{weight}"])
