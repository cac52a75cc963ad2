"""What is known before the first step: data, alphabet, network, memory, and what to refuse."""

from ocrbase.errors import listed
from training.errors import FitError
from training.fitting import hardware
from training.fitting.batches import MAX_COLUMNS_ON_CPU
from training.fitting.data import Facts
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.memory import GAPS, RENDERING_BYTES, line_bytes, process_bytes
from training.fitting.run_settings import RunSettings
from training.fitting.sources import Sources
from training.model.model_settings import HIDDEN
from training.model.recogniser import Recogniser


def preflight(
    settings: RunSettings, sources: Sources, facts: Facts, network: Recogniser, rank: Rank
) -> list[str]:
    """Report what the run will do, one line each.

    Raises:
        FitError: if labels do not fit their time steps, the data sets differ in alphabet, or there
            is nothing to train on.
    """
    if settings.steps < 1:
        raise FitError(
            f"{facts.name} has {len(sources.train):,} lines, fewer than the batch of"
            f" {settings.batch_size * settings.select_from:,}: lower --batch-size, or give more"
            " --epochs"
        )
    if rank.first:  # one look at all labels is enough
        _refuse_infeasible(facts, network)
    read = settings.batch_size * settings.select_from
    epochs = settings.steps * read / len(sources.train)
    gib = memory_bytes(settings, network, facts, rank) / 2**30
    held = len(sources.validation) if sources.validation is not None else 0
    return [
        f"run: runs/{settings.run}",
        f"data: {facts.name}, {len(sources.train):,} lines to train on, {held:,} to validate",
        *([f"split: {facts.divided}"] if facts.divided else []),
        _alphabet_line(sources, facts),
        _alignment_line(settings, facts),
        f"network: {_shape(settings)}, {_count(network):,} parameters,"
        f" {network.output_length(facts.longest_px)} time steps at {facts.longest_px} px",
        f"steps: {settings.steps:,} of {settings.batch_size:,} lines ({epochs:.2g} epochs),"
        f" learning rate {settings.lr:.2g}, {_schedule(settings)}",
        f"device: {rank.world_size} x {hardware.describe(rank.device)}, {settings.precision},"
        f" up to about {gib:.1f} GiB of memory per process",
    ]


def memory_bytes(settings: RunSettings, network: Recogniser, facts: Facts, rank: Rank) -> float:
    """Peak memory of one process, if all lines of a batch are as wide as the widest.

    On the CPU all of it; on a GPU that of the GPU.
    """
    lines = settings.batch_size / rank.world_size / settings.accumulate
    each = line_bytes(network.settings, settings.precision, facts.longest_px)
    if rank.device.type != "cpu":
        return process_bytes(_count(network), lines, each)
    lines = min(lines, max(1, MAX_COLUMNS_ON_CPU / facts.longest_px))
    each *= 1.0 if facts.one_width else GAPS
    rendering = RENDERING_BYTES if settings.live and not settings.workers else 0
    return process_bytes(_count(network), lines, each) + rendering


def _refuse_infeasible(facts: Facts, network: Recogniser) -> None:
    wrong = facts.infeasible(network.output_length)
    if wrong:
        named = listed([f"{label!r} (line {index})" for index, label in wrong], 4)
        raise FitError(
            f"{facts.name}: labels too long for their images' time steps (one for 4 px; a"
            f" character needs one, a repeated one two): {named}; remove these lines or render"
            " them wider"
        )


def _alphabet_line(sources: Sources, facts: Facts) -> str:
    classes = len(sources.train.alphabet)
    if facts.unseen is None:
        return f"alphabet: {classes:,} classes"
    if not facts.unseen:
        return f"alphabet: {classes:,} classes, all seen in training"
    return (
        f"alphabet: {classes:,} classes, {len(facts.unseen):,} never seen in training:"
        f" {listed(facts.unseen, 20)}"
    )


def _alignment_line(settings: RunSettings, facts: Facts) -> str:
    wanted = settings.alignment_lines or settings.alignment_weight
    if wanted and facts.known_centres == 0:
        return "warm start: none, the data has no character centres; CTC from the start"
    if not settings.alignment_lines:
        return "warm start: none, CTC from the start"
    return (
        f"warm start: character centres known for {facts.known_centres:.0%} of the lines; the first"
        f" {settings.alignment_steps:,} steps train on them, then CTC"
    )


def _schedule(settings: RunSettings) -> str:
    rates = settings.rates
    if rates.kind != "wsd" or not rates.decay:
        return rates.kind
    return f"wsd with its decay from step {rates.decay_from:,}"


def _shape(settings: RunSettings) -> str:
    usual = FitSettings(hidden=HIDDEN[settings.model])
    names = ("channels", "hidden", "width_multiplier")
    changed = [
        f"{n} {getattr(settings, n):g}" for n in names if getattr(settings, n) != getattr(usual, n)
    ]
    return " ".join([settings.model, *changed])


def _count(network: Recogniser) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
