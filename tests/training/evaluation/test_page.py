"""The report page in a real browser: it shows all there is, and asks nobody for anything."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.bars import BarScorer, bars, random_texts, write_list
from tests.support.browser import needs_browser, run_browser
from training.evaluation.evaluate import evaluate
from training.evaluation.labelled import open_labelled
from training.evaluation.page import page
from training.evaluation.report import build_report
from training.inference.line_reader import LineReader


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    texts = random_texts(40)
    faces = ['<b>&"face"', "kai"] * 20
    source = open_labelled(write_list(folder, texts, {"face": faces}))
    first = evaluate(LineReader(BarScorer("天地", "first")), source, "bars")
    second = evaluate(LineReader(BarScorer("天", "second")), source, "bars")
    report = build_report(first, lambda character: ord(character) % 300, second)
    path = folder / "report.html"
    path.write_text(page(report, [bars(line.target) for line in report.worst]), encoding="utf-8")
    return path


def test_the_page_names_no_other_resource_and_escapes_what_it_is_given(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)
    assert "&lt;b&gt;&amp;&quot;face&quot;" in text and '<b>&"face' not in text


@needs_browser
def test_a_browser_shows_the_metrics_and_the_lines(written: Path, tmp_path: Path) -> None:
    probe = written.with_name("probe.html")
    # The page itself has no script; a copy of it reports what the browser made of it.
    script = (
        "<script>document.title = JSON.stringify([...document.images].map("
        "i => [i.naturalHeight, i.getBoundingClientRect().height]))</script></body>"
    )
    text = written.read_text(encoding="utf-8")
    probe.write_text(
        re.sub(r"<meta http-equiv[^>]*>", "", text).replace("</body>", script), encoding="utf-8"
    )
    dom = run_browser(tmp_path, "--dump-dom", probe.as_uri())
    heights = re.search(r"<title>\[(.*)\]</title>", dom)
    assert heights is not None
    assert set(re.findall(r"\[[^]]*\]", heights[1])) == {"[32,48]"}
    shot = tmp_path / "page.png"
    run_browser(tmp_path, "--window-size=1100,2400", f"--screenshot={shot}", written.as_uri())
    picture = cv2.imread(str(shot))
    assert picture.shape[:2] == (2400, 1100)
    rows = np.abs(picture.astype(int) - picture[0, 0]).max(axis=(1, 2)) > 60
    assert rows[:200].any() and rows[1200:].sum() > 200
