"""Options that several commands share: each has one description, one metavar, one default."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from datagen.builtin_characters import BUILTIN_FILES, DEFAULT_ALPHABET
from datagen.drawing.style import preset_names
from datagen.render.render_settings import BACKENDS, MAX_JOBS, LookSettings, RenderSettings
from datagen.text.plan_settings import RATE_LINES, PlanSettings
from ocrbase.settings import default_of
from ocrbase.stores import is_url, local_path

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Any], Any]

HEADER = "ocrgen.header"  # key of the context: whether tsv begins with the names of its columns


class SpanType(click.ParamType[tuple[int, int]]):
    """`10` or `1-20`: one number or a range of them."""

    name = "N|A-B"

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


class FiniteRange(click.FloatRange):
    """A FloatRange that also refuses nan and infinities, which no comparison would."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class OutFolder(click.Path):
    """A folder that is made, or replaced whole: one that has a name of its own.

    Args:
        urls: whether it may be one in an object store.
    """

    takes_urls = True  # or says itself that it does not

    def __init__(self, *, urls: bool = False) -> None:
        super().__init__(file_okay=False)
        self.name = "directory|url" if urls else "directory"
        self._urls = urls

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if is_url(str(value)):
            return self._url(str(value), param, ctx)
        path = str(super().convert(str(local_path(str(value))), param, ctx))
        if Path(path).name in ("", ".."):
            self.fail(f"{path!r} has no name of its own: name a folder in it", param, ctx)
        return path

    def _url(self, url: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self._urls:
            self.fail(
                f"{url} is a URL, and this command writes to folders: write to one, then copy it"
                " there, e.g. with 'aws s3 sync FOLDER URL'",
                param,
                ctx,
            )
        if not url.partition("://")[2].strip("/"):
            self.fail(f"{url!r} names no bucket", param, ctx)
        return url


class AlphabetType(click.Path):
    """The name of a built-in alphabet, or a character list."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False)
        self.name = "|".join([*BUILTIN_FILES, "FILE"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value if value in BUILTIN_FILES else super().convert(value, param, ctx))


def alphabet_option(
    help: str = "Built-in alphabet (5990, or general with the space), or a character list.",
    *,
    default: str = DEFAULT_ALPHABET,
    **attributes: Any,
) -> Decorator:
    """`--alphabet NAME|FILE`."""
    return click.option(
        "--alphabet", type=AlphabetType(), show_default=default, help=help, **attributes
    )


def home_option(path_type: type[str] | type[Path] = str) -> Decorator:
    """`--home DIRECTORY`."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=path_type),
        show_default="OCRGEN_HOME, else the platform's own",
        help="User data directory, with the text and faces that were added.",
    )


def format_option(
    *forms: str, help: str = "Output format.", header: bool = True
) -> Callable[[Command], Command]:
    """`--format`, passed on as `form`, and `--header/--no-header`, which `tables` obeys.

    Args:
        forms: plain, tsv and json unless others are named; the first is the default.
        help: one sentence.
        header: whether tsv begins with the names of its columns by default.
    """
    forms = forms or ("plain", "tsv", "json")

    def keep(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        context.meta[HEADER] = value

    options = [
        click.option("--format", "form", type=click.Choice(forms), default=forms[0], help=help),
        click.option(
            "--header/--no-header",
            default=header,
            callback=keep,
            expose_value=False,
            help="Name the columns of tsv in a first line.",
        ),
    ]
    return lambda function: _with(options, function)


def number_option(help: str, *, default: int, least: int = 1, most: int | None = None) -> Decorator:
    """`-n, --n`."""
    return click.option("-n", "--n", type=click.IntRange(least, most), default=default, help=help)


def out_folder(help: str = "Output folder.", *, urls: bool = False, **attributes: Any) -> Decorator:
    """`-o, --out DIRECTORY`, or with `urls` a URL as well."""
    return click.option("-o", "--out", type=OutFolder(urls=urls), help=help, **attributes)


def out_file(help: str, **attributes: Any) -> Decorator:
    """`-o, --out FILE`."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("-o", "--out", type=kind, help=help, **attributes)


def shard_size_option(default: int) -> Decorator:
    """`--shard-size`."""
    return click.option(
        "--shard-size", type=click.IntRange(min=1), default=default, help="Lines per shard."
    )


faces_option = click.option(
    "--faces",
    multiple=True,
    metavar="NAME[:WEIGHT]",
    show_default="all faces",
    help="Face, style or pattern (`song`, `noto-*`). Repeatable. A weight says how often each face"
    " that fits is chosen; --faces '*' --faces kai:6 has all, and kai more often.",
)
system_fonts_option = click.option(
    "--system-fonts", is_flag=True, help="Also use the Chinese faces installed on this machine."
)
jobs_option = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(0, MAX_JOBS),
    default=default_of(RenderSettings, "jobs"),
    show_default="one per core",
    help="Worker processes.",
)
partial_option = click.option("--partial", is_flag=True, help="Accept unfinished renders.")


def plan_options(function: Command) -> Command:
    """Options that say what to write; `plan_settings` takes what they give."""
    options = [
        click.option(
            "--corpus",
            "corpora",
            multiple=True,
            metavar="NAME[:WEIGHT]",
            default=default_of(PlanSettings, "corpora"),
            help="Built-in or added text, or the path of a file or folder. Repeatable.",
        ),
        click.option(
            "--lines",
            type=click.Path(exists=True, dir_okay=False),
            help="Draw each line of this text file whole, instead of a corpus.",
        ),
        click.option(
            "--length",
            type=SpanType(),
            default=str(default_of(PlanSettings, "length_min")),
            help="Characters per line: one number or a range.",
        ),
        alphabet_option(),
        click.option(
            "--min-per-class",
            type=click.IntRange(0, RATE_LINES),
            default=default_of(PlanSettings, "min_per_class"),
            help="Samples of every class per 3.6 million lines; 0 adds none to the text.",
        ),
        click.option(
            "--max-inserted",
            type=FiniteRange(0, 1),
            default=default_of(PlanSettings, "max_inserted"),
            help="Largest share of lines whose text may be altered to show rare classes.",
        ),
        click.option(
            "--half-width",
            type=FiniteRange(0, 1),
            default=default_of(PlanSettings, "half_width"),
            help="Share of lines with punctuation in half width (, for ，).",
        ),
        click.option(
            "--paragraphs/--sentences",
            default=default_of(PlanSettings, "paragraphs"),
            help="Cut lines from whole paragraphs, over the ends of sentences, as pages are set."
            " What lines are cut from is what no split tears apart.",
        ),
        click.option(
            "--seed", type=int, default=default_of(PlanSettings, "seed"), help="Random seed."
        ),
        home_option(),
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
        half_width=values.pop("half_width"),
        paragraphs=values.pop("paragraphs"),
        seed=values.pop("seed"),
        home=values.pop("home"),
    )


def look_options(function: Command) -> Command:
    """Options that say how lines look; `look_settings` takes what they give."""
    options = [
        click.option(
            "--style",
            "styles",
            multiple=True,
            metavar="NAME[:WEIGHT]",
            default=(default_of(LookSettings, "style"),),
            help=f"Preset ({', '.join(preset_names())}) or TOML file. Repeat to mix several.",
        ),
        faces_option,
        system_fonts_option,
        click.option(
            "--backgrounds",
            type=click.Path(exists=True, file_okay=False),
            help="Folder of images to cut backgrounds from.",
        ),
        click.option(
            "--width",
            type=SpanType(),
            show_default="as the style says",
            help="Frame width in pixels: one number or a range.",
        ),
        click.option(
            "--fit-width", is_flag=True, help="Fit the frame's width to the text, up to --width."
        ),
        click.option(
            "--engine",
            type=click.Choice(["lines", "trdg"]),
            default=default_of(LookSettings, "engine"),
            help="The project's own engine, or TRDG (TextRecognitionDataGenerator).",
        ),
    ]
    return _with(options, function)


def look_settings(values: dict[str, Any]) -> LookSettings:
    """Take the look's options out of a command's values."""
    styles = tuple(values.pop("styles"))
    return LookSettings(
        engine=values.pop("engine"),
        style=styles[0] if len(styles) == 1 else styles,
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
        jobs_option,
        click.option(
            "--backend",
            type=click.Choice(BACKENDS),
            default=default_of(RenderSettings, "backend"),
            help="How workers run.",
        ),
        click.option(
            "--scheduler", metavar="ADDRESS", help="Address of a dask scheduler: tcp://HOST:PORT."
        ),
    ]
    return _with(options, function)


def _with(options: list[Decorator], function: Command) -> Command:
    for option in reversed(options):
        function = option(function)
    return function
