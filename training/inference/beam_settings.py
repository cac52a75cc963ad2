"""What a prefix beam search weighs and keeps; light, so that help texts can state the defaults."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BeamSettings:
    """What a prefix beam search weighs and keeps.

    Attributes:
        width: prefixes kept after each frame.
        classes_per_frame: classes besides the blank that may extend a prefix in one frame.
        min_probability: of a class in a frame, to extend a prefix there.
        lm_weight: factor of the language model's log-probability.
        length_bonus: added for each character, in nats; offsets the model's taste for short text.
    """

    width: int = 10
    classes_per_frame: int = 20
    min_probability: float = 1e-5
    lm_weight: float = 0.3
    length_bonus: float = 1.0

    def __post_init__(self) -> None:
        if self.width < 1 or self.classes_per_frame < 1:
            raise ValueError("a beam needs a width and classes_per_frame of at least 1")


DEFAULT_BEAM = BeamSettings()
