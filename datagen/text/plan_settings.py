"""What a user sets of the text of a dataset."""

from dataclasses import dataclass

from ocrbase.errors import SettingsError

MAX_LINE_LENGTH = 255  # characters
RATE_LINES = 3_600_000  # `min_per_class` counts in this many lines


@dataclass(frozen=True)
class PlanSettings:
    """Which text, and how it is cut into lines.

    Attributes:
        corpora: names or paths, each with an optional `:WEIGHT`.
        seed: of all draws.
        length_min: shortest line, characters.
        length_max: longest line, characters; lengths are drawn uniformly.
        min_per_class: samples that every class gets in 3.6 million lines; 0 leaves the text as
            it is.
        max_inserted: largest share of lines whose text is altered by inserted characters.
        half_width: share of lines whose punctuation is set in half width.
        paragraphs: lines are cut from whole paragraphs, not from sentences.
        alphabet: name of a built-in alphabet, or path of a character list; None is "5990".
        lines: path of a file of whole given lines, instead of corpora.
        home: user data directory; None is the platform's own.
    """

    corpora: tuple[str, ...] = ("news",)
    seed: int = 0
    length_min: int = 10
    length_max: int = 10
    min_per_class: int = 200
    max_inserted: float = 0.05
    half_width: float = 0.0
    paragraphs: bool = False
    alphabet: str | None = None
    lines: str | None = None
    home: str | None = None

    def __post_init__(self) -> None:
        problems = []
        if not 1 <= self.length_min <= self.length_max <= MAX_LINE_LENGTH:
            problems.append(
                f"line length {self.length_min} to {self.length_max}: give"
                f" 1 <= shortest <= longest <= {MAX_LINE_LENGTH} characters"
            )
        if not 0 <= self.min_per_class <= RATE_LINES:
            problems.append(f"min_per_class {self.min_per_class}: give 0 to {RATE_LINES:,}")
        if not all(spec.strip() for spec in self.corpora):
            problems.append("corpus '': give a name, or the path of a file or folder")
        for name, share in (("max_inserted", self.max_inserted), ("half_width", self.half_width)):
            if not 0 <= share <= 1:
                problems.append(f"{name} {share}: give a share from 0 to 1")
        if problems:
            raise SettingsError("; ".join(problems))
