"""The decoder that a command line asks for."""

from functools import partial
from pathlib import Path

from datagen.alphabet import Alphabet
from training.errors import ReadError
from training.inference.decoding import greedy_decode
from training.inference.line_reader import Decoder

DECODERS = ("greedy", "beam")


def open_decoder(
    name: str | None,
    lm: Path | None,
    alphabet: Alphabet,
    *,
    width: int | None = None,
    lm_weight: float | None = None,
) -> Decoder:
    """Greedy, or a beam search; without a name, beam if it is given a model or a width.

    Raises:
        ReadError: if options contradict one another, or the language model's file is bad or of
            another alphabet.
    """
    name = name or ("greedy" if lm is None and width is None else "beam")
    if name == "greedy":
        if lm is not None or width is not None:
            raise ReadError(
                "--lm and --beam-width need --decoder beam; greedy decoding has neither"
            )
        return greedy_decode
    if lm is None and lm_weight is not None:
        raise ReadError("--lm-weight needs --lm FILE, made with `ocrtrain lm build`")
    # Numba and its compiled search load here, so that greedy decoding starts without them.
    from training.inference.beam import beam_decode
    from training.inference.beam_settings import DEFAULT_BEAM, BeamSettings
    from training.inference.language_model import load

    settings = BeamSettings(
        width=DEFAULT_BEAM.width if width is None else width,
        lm_weight=DEFAULT_BEAM.lm_weight if lm_weight is None else lm_weight,
    )
    if lm is None:
        return partial(beam_decode, settings=settings)
    model = load(lm)
    if model.alphabet != alphabet:
        raise ReadError(
            f"{lm} was built for another alphabet ({len(model.alphabet)} classes, the network has"
            f" {len(alphabet)}, or in another order); build it with --checkpoint of this network"
        )
    return partial(beam_decode, settings=settings, table=model.table)
