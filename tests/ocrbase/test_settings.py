"""Settings from mappings: all problems in one message, nothing unknown let through."""

from dataclasses import dataclass, field

import pytest

from ocrbase.errors import SettingsError
from ocrbase.settings import differences, from_mapping, to_mapping


@dataclass(frozen=True)
class _Inner:
    span: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class _Outer:
    count: int = 1
    inner: _Inner = field(default_factory=_Inner)


def test_round_trip_through_a_mapping() -> None:
    settings = _Outer(3, _Inner((2.0, 4.0)))
    assert from_mapping(_Outer, to_mapping(settings), "here") == settings


def test_all_problems_stand_in_one_message() -> None:
    with pytest.raises(SettingsError) as raised:
        from_mapping(_Outer, {"count": "x", "nonsense": 1, "inner": {"span": [1]}}, "my.toml")
    message = str(raised.value)
    assert message.startswith("my.toml: ")
    assert "nonsense" in message and "count = 'x'" in message and "inner.span" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"count": True}, "count = True is not of type int"),
        ({"count": 1.0}, "count = 1.0 is not of type int"),
        ({"inner": 3}, "inner = 3 is not of type _Inner"),
        ({"inner": {"span": [1, "2"]}}, "inner.span = (1, '2') is not of type tuple[float, float]"),
        ({"inner": {"span": list(range(10**6))}}, "inner.span = (0, 1, 2, 3, 4, 5, ...) is not"),
    ],
)
def test_what_does_not_fit_is_shown(mapping: dict[str, object], problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        from_mapping(_Outer, mapping, "x")
    assert problem in str(raised.value)


def test_whole_numbers_stay_whole() -> None:
    """Manifests and fingerprints hold the settings as they were written."""
    span = from_mapping(_Outer, {"inner": {"span": [1, 2.5]}}, "x").inner.span
    assert repr(span) == "(1, 2.5)"


def test_differences_name_both_values() -> None:
    assert differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2}) == ["a.b: 1, now 3"]
