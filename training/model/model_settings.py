"""What shapes a network: frozen, light to import, checked at once."""

from dataclasses import dataclass

from datagen.line_geometry import LINE_HEIGHT_PX
from training.errors import ModelError

HIDDEN = {"crnn": 256, "crnn_v2": 256, "crnn_res": 256, "crnn_lite": 160}  # unless a user says
MODELS = tuple(HIDDEN)
ON_GPUS, ON_CPU = "crnn", "crnn_lite"  # what is trained unless a user says
PUBLISHED = ("crnn", "crnn_v2", "crnn_res")  # whose weights circulate under known names
MAX_HIDDEN = 8192
BLANK = 0  # class of the CTC blank in every model; another is refused when a file is opened


@dataclass(frozen=True)
class ModelSettings:
    """The shape of a network.

    Attributes:
        model: one of MODELS.
        classes: output classes, the CTC blank (class 0) included.
        channels: image channels; 1 is grayscale.
        hidden: units of each LSTM direction.
        width_multiplier: factor on the channels of all convolutions, which are rounded to a
            multiple of 8; 1 is the published network.
        height_px: height of a line image; 32, and nothing else.

    Raises:
        ModelError: with all problems in one line.
    """

    model: str = "crnn"
    classes: int = 5990
    channels: int = 1
    hidden: int = 256
    width_multiplier: float = 1.0
    height_px: int = LINE_HEIGHT_PX

    def __post_init__(self) -> None:
        problems = []
        if self.model not in MODELS:
            problems.append(f"model {self.model!r} is unknown; there are {', '.join(MODELS)}")
        if not 2 <= self.classes <= 65_535:
            problems.append(f"{self.classes} classes; a network has 2 to 65535")
        if self.channels not in (1, 3):
            problems.append(f"{self.channels} channels; images have 1 (gray) or 3 (colour)")
        if not 1 <= self.hidden <= MAX_HIDDEN:
            problems.append(f"hidden {self.hidden} is not in 1 to {MAX_HIDDEN}")
        if not 0 < self.width_multiplier <= 8:
            problems.append(f"width multiplier {self.width_multiplier:g} is not in (0, 8]")
        if self.height_px != LINE_HEIGHT_PX:
            problems.append(
                f"height {self.height_px} px: these networks read lines of {LINE_HEIGHT_PX} px"
                " only; scale the images"
            )
        if problems:
            raise ModelError("; ".join(problems))
