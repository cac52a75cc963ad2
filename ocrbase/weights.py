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


def split_shares(
    specs: Sequence[str], what: str, error: type[UserError]
) -> tuple[tuple[str, float], ...]:
    """Names or paths with their shares, which sum to 1; alike where no weight is given.

    Args:
        specs: each `X` or `X:WEIGHT`, at least one.
        what: is weighted, for messages and as the option's name, e.g. `corpus`.
        error: class of what is raised.

    Raises:
        UserError: of the class `error`, if a name is listed twice, a weight is out of range, or
            only some have one.
    """
    pairs = split_weights(specs, what, error)
    bare = [spec for spec, weight in pairs if weight is None]
    if bare and len(bare) < len(pairs):
        raise error(f"no weight for {', '.join(bare)}: give each {what} a weight, or none")
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise error(f"{what} listed twice: {', '.join(twice)}; add up its weights")
    weights = [1.0 if weight is None else weight for _, weight in pairs]
    total = sum(weights)
    return tuple((name, w / total) for name, w in zip(names, weights, strict=True))
