"""The page: a heading, four tabs, language and brightness."""

from nicegui import app, ui

from pipelines.studio.corrections import Corrections
from pipelines.studio.data_tab import DataTab
from pipelines.studio.look_tab import LookTab
from pipelines.studio.pictures import STYLE
from pipelines.studio.read_tab import ReadTab
from pipelines.studio.runs_tab import RunsTab
from pipelines.studio.settings import StudioSettings
from pipelines.studio.words import Words

LANGUAGES = {"en": "English", "zh": "中文"}
PRIMARY = "#2f74c0"  # read on white, and white on it
PREFERS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches"


def build(settings: StudioSettings) -> None:
    """Register the page; `serve` shows it."""

    @ui.page("/", title="ocrgen studio")
    def index(lang: str = settings.language) -> None:
        words = Words(lang if lang in LANGUAGES else settings.language)
        ui.add_head_html(STYLE)
        tabs = _heading(words)
        with ui.tab_panels(tabs, value="Look", keep_alive=True).classes("w-full"):
            with ui.tab_panel("Look"):
                LookTab(words).build()
            with ui.tab_panel("Data"):
                DataTab(words, settings.data).build()
            with ui.tab_panel("Read"):
                ReadTab(words, settings.runs, Corrections(settings.corrections)).build()
            with ui.tab_panel("Runs"):
                RunsTab(words, settings.runs, settings.data).build()


def _heading(words: Words) -> ui.tabs:
    dark = ui.dark_mode(None)  # as the browser prefers
    ui.colors(primary=PRIMARY)
    with ui.header().classes("items-center justify-between py-1 gap-y-0"):
        ui.label("ocrgen studio").classes("text-lg font-bold")
        with ui.tabs().classes("max-sm:order-last max-sm:w-full") as tabs:
            for name in ("Look", "Data", "Read", "Runs"):
                ui.tab(name, label=words(name))
        with ui.row().classes("items-center no-wrap"):
            ui.select(
                LANGUAGES, value=words.language,
                on_change=lambda e: ui.navigate.to(f"/?lang={e.value}"),
            ).props(f'dense dark aria-label="{words("Language")}"')  # fmt: skip
            switch = ui.switch(words("Dark"), on_change=lambda e: dark.set_value(e.value))
            switch.props("color=grey")

    async def follow() -> None:
        switch.value = await ui.run_javascript(PREFERS_DARK)

    ui.timer(0.0, follow, once=True)
    return tabs


def serve(settings: StudioSettings) -> None:
    """Show the studio until Ctrl-C."""
    build(settings)
    app.on_startup(lambda: print(f"ocrgen studio at http://{settings.host}:{settings.port}"))
    ui.run(
        host=settings.host, port=settings.port, show=settings.open_browser, reload=False,
        title="ocrgen studio", show_welcome_message=False, uvicorn_logging_level="warning",
    )  # fmt: skip
