"""Options that several commands share, and the settings that they become."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from datagen.render.render_settings import BACKENDS, LookSettings, RenderSettings
from datagen.text.plan_settings import PlanSettings
from ocrbase.settings import default_of

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Any], Any]


class SpanType(click.ParamType[tuple[int, int]]):
    """`10` or `1-20`: one number or a range of them."""

    name = "N or A-B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return (int(value[0]), int(value[1]))
        low, _, high = str(value).partition("-")
        try:
            return int(low), int(high or low)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor a range such as 1-20", param, ctx)


def plan_options(function: Command) -> Command:
    """Options that say what to write; `plan_settings` takes what they give."""
    options = [
        click.option(
            "--corpus",
            "corpora",
            multiple=True,
            metavar="NAME[:WEIGHT]",
            default=default_of(PlanSettings, "corpora"),
            show_default=True,
            help="Built-in or added text, or the path of a file or folder. Repeatable.",
        ),
        click.option(
            "--lines",
            type=click.Path(exists=True, dir_okay=False),
            help="Draw the lines of this file, whole, instead of a corpus.",
        ),
        click.option(
            "--length",
            type=SpanType(),
            default="10",
            show_default=True,
            help="Characters a line: one number or a range.",
        ),
        click.option(
            "--alphabet",
            type=click.Path(exists=True, dir_okay=False),
            help="Character list; the built-in 5990 classes otherwise.",
        ),
        click.option(
            "--min-per-class",
            type=click.IntRange(min=0),
            default=default_of(PlanSettings, "min_per_class"),
            show_default=True,
            help="Samples for every class per 3.6 million lines; 0 leaves the text alone.",
        ),
        click.option(
            "--max-inserted",
            type=click.FloatRange(0, 1),
            default=default_of(PlanSettings, "max_inserted"),
            show_default=True,
            help="Largest share of lines with altered text.",
        ),
        click.option(
            "--seed",
            type=int,
            default=default_of(PlanSettings, "seed"),
            show_default=True,
            help="Of all random draws.",
        ),
        click.option(
            "--home",
            type=click.Path(file_okay=False),
            help="Folder of added text and faces; the platform's own otherwise.",
        ),
    ]
    return _with(options, function)


def plan_settings(values: dict[str, Any]) -> PlanSettings:
    """Take the plan's options out of a command's values."""
    length_min, length_max = values.pop("length")
    return PlanSettings(
        corpora=tuple(values.pop("corpora")),
        lines=values.pop("lines"),
        length_min=length_min,
        length_max=length_max,
        alphabet=values.pop("alphabet"),
        min_per_class=values.pop("min_per_class"),
        max_inserted=values.pop("max_inserted"),
        seed=values.pop("seed"),
        home=values.pop("home"),
    )


def look_options(function: Command) -> Command:
    """Options that say how lines look; `look_settings` takes what they give."""
    options = [
        click.option(
            "--style",
            default=default_of(LookSettings, "style"),
            show_default=True,
            help="Preset (plain, print, rich) or TOML file.",
        ),
        click.option(
            "--faces",
            multiple=True,
            metavar="NAME",
            help="Face, style or pattern (`song`, `noto-*`). Repeatable; all faces otherwise.",
        ),
        click.option(
            "--system-fonts", is_flag=True, help="Also use the faces installed on this machine."
        ),
        click.option(
            "--backgrounds",
            type=click.Path(exists=True, file_okay=False),
            help="Folder of images to cut grounds from.",
        ),
        click.option("--width", type=SpanType(), help="Frame width in px: one number or a range."),
        click.option(
            "--fit-width", is_flag=True, help="Let the width follow from the text, up to --width."
        ),
        click.option(
            "--engine",
            type=click.Choice(["lines", "trdg"]),
            default=default_of(LookSettings, "engine"),
            show_default=True,
            help="The project's own engine, or TRDG.",
        ),
    ]
    return _with(options, function)


def look_settings(values: dict[str, Any]) -> LookSettings:
    """Take the look's options out of a command's values."""
    return LookSettings(
        engine=values.pop("engine"),
        style=values.pop("style"),
        faces=tuple(values.pop("faces")),
        system_fonts=values.pop("system_fonts"),
        backgrounds=values.pop("backgrounds"),
        widths=values.pop("width"),
        fit_width=values.pop("fit_width"),
        boxes=values.pop("boxes", False),
        masks=values.pop("masks", False),
    )


def job_options(function: Command) -> Command:
    """Options that say where work runs; they change no byte of its result."""
    options = [
        click.option(
            "--jobs",
            type=click.IntRange(min=0),
            default=default_of(RenderSettings, "jobs"),
            help="Worker processes; one a core otherwise.",
        ),
        click.option(
            "--backend",
            type=click.Choice(BACKENDS),
            default=default_of(RenderSettings, "backend"),
            show_default=True,
            help="What runs the workers.",
        ),
        click.option("--scheduler", metavar="ADDRESS", help="Of a dask cluster: tcp://HOST:PORT."),
    ]
    return _with(options, function)


def _with(options: list[Decorator], function: Command) -> Command:
    for option in reversed(options):
        function = option(function)
    return function
