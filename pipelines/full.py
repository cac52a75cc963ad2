"""The whole job: 3.6 million lines of news and classical text, packed, trained on, evaluated.

    python -m pipelines.full                 # everything by default
    python -m pipelines.full --n 20000 --gpus 0 --max-steps 200

Run again, it goes on where it stopped.
"""

from dataclasses import dataclass
from pathlib import Path

import click
from msgspec import Struct

from datagen.cli.lazy import ReportingCommand
from ocrbase import command_edge
from ocrbase.command_edge import FAILED, INTERRUPTED
from ocrbase.homes import RENDERS
from ocrbase.records import read_json
from pipelines.steps import Step, StepError, run_steps
from training.model.model_settings import MODELS, ON_CPU, ON_GPUS

MIX = {"news": 0.85, "classical": 0.15}
N = 3_600_000
SPLIT = 0.99
RUN = "full"
# Lines set by other programs; a validation set drawn by our own renderer flatters. Clones have it.
REAL_LINES = Path(__file__).resolve().with_name("real_lines")


@dataclass(frozen=True)
class Options:
    """What a user sets of the job; None leaves it to `ocrtrain fit`."""

    folder: Path
    n: int = N
    model: str | None = None
    gpus: int | None = None
    epochs: int | None = None
    max_steps: int | None = None


class _Packed(Struct, frozen=True):
    """What the manifest of packed data says of its size."""

    samples: dict[str, int]


@click.command(cls=ReportingCommand)
@click.option("-n", "--n", type=click.IntRange(1), default=N, help="Lines to render.")
@click.option(
    "--fetch/--no-fetch",
    default=True,
    help="Download real text first, where it is not there and nothing has been rendered.",
)
@click.option(
    "--model",
    type=click.Choice(MODELS),
    show_default=f"{ON_GPUS} on GPUs, {ON_CPU} on the CPU",
    help="Network architecture.",
)
@click.option(
    "--gpus", type=click.IntRange(0), show_default="all", help="GPUs; 0 trains on the CPU."
)
@click.option("--epochs", type=click.IntRange(1), help="Passes over the data.")
@click.option("--max-steps", type=click.IntRange(1), help="Steps after which the training ends.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where data/ and runs/ go.",
)
@click.pass_context
def command(
    context: click.Context,
    n: int,
    fetch: bool,
    model: str | None,
    gpus: int | None,
    epochs: int | None,
    max_steps: int | None,
    folder: Path,
) -> None:
    """Render, pack, train and evaluate: 3.6 million lines of news and classical text.

    Run again, it goes on where it stopped.
    """
    options = Options(folder, n, model, gpus, epochs, max_steps)
    try:
        seconds = run_steps(fetch_steps(folder), folder) if fetch else {}
        click.echo(text_in_words())
        seconds |= run_steps(steps(options), folder)
    except StepError as error:
        click.echo(f"Error: {error}; run the same command again to go on", err=True)
        context.exit(error.code if error.code in (2, INTERRUPTED) else FAILED)
    for name, spent in seconds.items():
        click.echo(f"{name}: {spent:.0f} s")


def fetch_steps(folder: Path) -> list[Step]:
    """Downloads of what the corpora lack; none once lines of their text have been rendered."""
    from corpora.catalogue import added_parts
    from corpora.downloads import chosen

    rendered = any((folder / RENDERS).glob("*/manifest.json"))
    return [
        Step(
            ("ocrgen", "corpus", "download", corpus, "--source", item.name),
            done=lambda: rendered,
            otherwise=f"{item.name} could not be fetched: {corpus} goes without it",
        )
        for corpus in MIX
        for item in chosen(corpus, ())
        if item.name not in {part.name for part in added_parts(corpus, None)}
    ]


def text_in_words() -> str:
    """Which text the lines are cut from."""
    from corpora import open_corpus

    parts = [
        f"{corpus} ({', '.join(source.name for source in open_corpus(corpus).sources)})"
        for corpus in MIX
    ]
    return f"the text: {'; '.join(parts)}"


def steps(options: Options) -> list[Step]:
    """The commands of the job."""
    folder = options.folder
    packed, run = folder / "data/lmdb", folder / "runs" / RUN
    corpora = [word for name, share in MIX.items() for word in ("--corpus", f"{name}:{share}")]
    pack = ["ocrgen", "pack", "--split", str(SPLIT)]
    if _lines(packed) is not None:
        pack.append("--overwrite")  # of a smaller render; the split is kept
    fit = ["ocrtrain", "fit", "--run", RUN]
    resumed = (run / "settings.json").exists()  # then the run's own settings hold
    fit += ["--resume"] if resumed else []
    for name in ("gpus",) if resumed else ("model", "gpus", "epochs", "max_steps"):
        value = getattr(options, name)
        if value is not None:
            fit += [f"--{name.replace('_', '-')}", str(value)]
    evaluate = ("ocrtrain", "evaluate", "--checkpoint", f"runs/{RUN}/best.safetensors")
    on_real_lines = [Step((*evaluate, "--data", str(REAL_LINES)))] if REAL_LINES.exists() else []
    return [
        Step(("ocrgen", "render", *corpora, "--n", str(options.n))),
        Step(tuple(pack), done=lambda: (_lines(packed) or 0) >= options.n),
        Step(tuple(fit)),
        Step((*evaluate, "--html", "evaluation.html")),
        *on_real_lines,
    ]


def _lines(packed: Path) -> int | None:
    """Samples of packed data, or None where there are none."""
    path = packed / "manifest.json"
    return sum(read_json(path, _Packed).samples.values()) if path.exists() else None


def main(arguments: list[str] | None = None) -> int:
    """Run the recipe; returns the exit code."""
    return int(command.main(arguments, prog_name="python -m pipelines.full"))


if __name__ == "__main__":
    command_edge.run(lambda: main)
