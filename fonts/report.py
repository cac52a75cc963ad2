"""How well some faces cover some characters: per face and per character."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fonts.library import Face, coverage

ADD_COMMAND = "ocrgen fonts add FILE"


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Who has what.

    Attributes:
        missing: the characters that each face lacks, in the order of the faces.
        faces_of: number of faces that have a character, for every character in order.
    """

    missing: tuple[str, ...]
    faces_of: dict[str, int]

    @property
    def orphans(self) -> str:
        """Characters that no face has."""
        return "".join(c for c, count in self.faces_of.items() if count == 0)

    @property
    def histogram(self) -> dict[int, int]:
        """How many characters are in exactly so many faces, from few to many."""
        return dict(sorted(Counter(self.faces_of.values()).items()))


def orphan_message(faces: Sequence[Face], characters: Iterable[str], most: int = 200) -> str:
    """One line naming the characters that no face has and the way out; empty if there are none."""
    orphans = coverage_report(faces, characters).orphans
    if not orphans:
        return ""
    rest = f" and {len(orphans) - most} more" if len(orphans) > most else ""
    return (
        f"no chosen face has {orphans[:most]}{rest}; add one that does with `{ADD_COMMAND}`,"
        " or choose more --faces"
    )


def coverage_report(faces: Sequence[Face], characters: Iterable[str]) -> CoverageReport:
    """Count for each character the faces that have it, and for each face what it lacks."""
    distinct = list(dict.fromkeys(characters))
    held = [coverage(face) for face in faces]
    missing = tuple("".join(c for c in distinct if ord(c) not in points) for points in held)
    faces_of = {c: sum(ord(c) in points for points in held) for c in distinct}
    return CoverageReport(missing, faces_of)
