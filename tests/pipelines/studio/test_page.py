"""The studio in a real browser: what a person clicks, drops and types."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from datagen.render.job import render
from datagen.render.render_settings import RenderSettings
from datagen.render.renderer import Renderer
from tests.support.browser import BROWSER, needs_browser
from training.model.bundled import DEFAULT_BUNDLED

pytestmark = needs_browser

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a small render, one line as a file and in a list, and two runs."""
    folder = tmp_path_factory.mktemp("studio")
    render(RenderSettings(n=200, shard_size=200, out=str(folder / "data/renders/news"), jobs=1))
    image, text = Renderer(style="plain", faces=["micro-hei"])[0]
    image.save(folder / "line.png")
    (folder / "text.txt").write_text(text, encoding="utf-8")
    (folder / "lines").mkdir()
    image.save(folder / "lines" / "line.png")
    (folder / "lines" / "labels.tsv").write_text(f"line.png\t错{text[1:]}\n", encoding="utf-8")
    for run in ("first", "other"):
        shutil.copytree(ROOT / "tests/made_by_0_1_0/runs/old", folder / "runs" / run)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """A running studio."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "datagen", "studio", "--no-browser", "--port", str(port)]
    # NiceGUI serves on a port of its own where it finds itself under pytest.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment["PYTHONPATH"] = str(ROOT)
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, "the studio ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the studio does not answer")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#sheet img")
    yield page
    context.close()
    assert errors == []


def test_lines_follow_a_range_that_the_keyboard_moves(page: Page) -> None:
    before = page.inner_html("#sheet")
    assert page.locator("#sheet img").count() == 48
    thumb = page.locator('[aria-label="size"] [tabindex="0"]').first
    thumb.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "before => document.querySelector('#sheet').innerHTML != before", arg=before
    )
    page.get_by_text("Style file").click()
    page.get_by_text("size_px = [").wait_for()


def test_another_preset_and_the_strip_of_an_effect(page: Page) -> None:
    page.get_by_role("button", name="size: show").click()
    page.locator(".strip img").first.wait_for()
    assert page.locator(".strip img").count() == 6


def test_a_data_set_is_searched(page: Page) -> None:
    page.get_by_role("tab", name="Data").click()
    page.get_by_role("button", name="Open").click()
    page.get_by_text("200 / 200").wait_for()
    page.get_by_label("Text contains").fill("。")
    page.get_by_role("button", name="Find").click()
    page.wait_for_function("() => !document.body.innerText.includes('200 / 200')")


def test_a_line_is_read_corrected_and_kept(page: Page, folder: Path) -> None:
    text = (folder / "text.txt").read_text(encoding="utf-8")
    page.get_by_role("tab", name="Read").click()
    # Until the tab has opened, the first tab's own place for files is the only one.
    page.locator('input[type="file"][accept*=".pdf"]').set_input_files(folder / "line.png")
    field = page.get_by_label("Correct the text")
    field.wait_for()
    assert field.input_value() == text
    field.fill("改正")
    page.get_by_role("button", name="Save as a training line").click()
    page.get_by_text("Saved").first.wait_for()
    rows = (folder / "data/corrections/labels.tsv").read_text(encoding="utf-8")
    assert rows.endswith("\t改正\n")


def test_chinese_on_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/?lang=zh")
    page.wait_for_selector("#sheet img", state="attached", timeout=60_000)
    assert page.get_by_text("换一批").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_two_runs_are_drawn_and_a_model_is_read_line_by_line(page: Page, folder: Path) -> None:
    text = (folder / "text.txt").read_text(encoding="utf-8")
    page.get_by_role("tab", name="Runs").click()
    page.get_by_label("Second run").click()
    page.get_by_role("option", name="other").click()
    page.wait_for_function("() => document.querySelectorAll('canvas').length == 3")
    page.get_by_text("Worst lines").click()
    page.get_by_label("Compare on").fill("lines")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text(f"{DEFAULT_BUNDLED}: CER 10.00%").wait_for()
    assert page.locator("mark").all_inner_texts() == [text[0]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_switch_begins_as_the_browser_prefers(
    browser: Browser, address: str, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    wanted = "true" if scheme == "dark" else "false"
    page.locator(f'[role="switch"][aria-checked="{wanted}"]').first.wait_for(timeout=60_000)
    dark = page.evaluate("document.body.classList.contains('body--dark')")
    assert dark == (scheme == "dark")
    context.close()


def test_all_of_a_line_is_shown_without_a_mouse(page: Page) -> None:
    """And nothing moves when it is: a click elsewhere would miss what it was meant for."""
    line = page.locator("#sheet figure").first
    shown = "figure => getComputedStyle(figure, '::after').content"
    height = "document.querySelector('#sheet').getBoundingClientRect().height"
    before = page.evaluate(height)
    assert line.evaluate(shown) == "none"
    line.focus()
    assert "size_px" in line.evaluate(shown)
    assert page.evaluate(height) == before
