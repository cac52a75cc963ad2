"""`X:WEIGHT`, as options name corpora and data sets with their shares."""

from collections.abc import Sequence

from ocrbase.errors import UserError, listed

MIN_WEIGHT, MAX_WEIGHT = 1e-9, 1e9


def split_weight(spec: str) -> tuple[str, float | None]:
    """What stands before and after the last colon; no weight where no number stands there.

    The weight is as written: it may be out of range, or no finite number at all.
    """
    name, colon, number = spec.rpartition(":")
    try:
        return (name, float(number)) if colon and name else (spec, None)
    except ValueError:
        return spec, None


def split_weights(
    specs: Sequence[str], what: str, error: type[UserError]
) -> list[tuple[str, float | None]]:
    """Names or paths with their weights, None where none is given.

    Args:
        specs: each `X` or `X:WEIGHT`; X may hold colons before what is no number.
        what: is weighted, for messages, e.g. `corpus`.
        error: class of what is raised.

    Raises:
        UserError: of the class `error`, naming all weights outside MIN_WEIGHT to MAX_WEIGHT.
    """
    pairs = [split_weight(spec) for spec in specs]
    wrong = [
        spec
        for spec, (_, weight) in zip(specs, pairs, strict=True)
        if weight is not None and not MIN_WEIGHT <= weight <= MAX_WEIGHT
    ]
    if wrong:
        raise error(
            f"the weight of a {what} must be {MIN_WEIGHT:g} to {MAX_WEIGHT:g}: {listed(wrong)}"
        )
    return pairs
