"""Every number of the settings has limits, and nothing slips through them."""

import dataclasses
import math
from typing import Any, get_type_hints

import pytest

from training.errors import FitError
from training.fitting.fit_settings import FitSettings, _limits

HINTS = get_type_hints(FitSettings)
NUMERIC = sorted(
    name for name, hint in HINTS.items() if hint in (int, float, int | None, float | None)
)


def test_every_number_has_limits() -> None:
    assert sorted(_limits()) == [name for name in NUMERIC if name != "channels"]
    assert len(NUMERIC) > 25


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -(10**30), 10**30, -1e-9])
def test_what_is_no_number_or_beyond_all_limits_is_refused(name: str, value: Any) -> None:
    if name in ("seed", "split_seed") and value == -1e-9:
        pytest.skip("any number near 0 is a seed")
    with pytest.raises(FitError, match=rf"^{name} .*: give "):
        FitSettings(**{name: value})


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("augment", (0, 1), (5, 1.01)), ("lr", (1e-9, 0.99), (0, 1)), ("channels", (1, 3), (2, 4)),
        ("split", (0.01, 0.99), (0, 1)), ("ema_decay", (0, 0.9999), (1,)), ("keep", (1,), (0,)),
        ("hidden", (1, 8192), (0, 8193)), ("gpus", (None, 0, 1024), (1025,)),
        ("run", ("a", "x-1.2", "文" * 66), ("", "a/b", ".x", "a\0", "..", "a\nb", "\ud800")),
        ("run", ("x" * 200,), ("x" * 201, "文" * 67)),
    ],
)  # fmt: skip
def test_limits(name: str, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    for value in good:
        assert getattr(FitSettings(**{name: value}), name) == value
    for value in bad:
        with pytest.raises(FitError, match=f"^{name} "):
            FitSettings(**{name: value})


def test_defaults_pass() -> None:
    assert dataclasses.replace(FitSettings()) == FitSettings()


def test_settings_name_all_problems() -> None:
    with pytest.raises(FitError) as caught:
        FitSettings(model="vgg", epochs=0, lr=3.0, run="a/b")
    message = str(caught.value)
    for part in ("epochs 0: give at least 1", "model 'vgg'", "lr 3.0: give more", "run 'a/b'"):
        assert part in message
