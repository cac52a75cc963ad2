"""Statistics: the counts, the table, the JSON, and the page in a real browser."""

import json
import re
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from datagen.cli import main
from datagen.formats.tar.shard import TarShardWriter
from datagen.images import encode_jpeg
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.sample import Samples
from datagen.stats.job import Statistics, _names, stats
from datagen.stats.page import page
from tests.support.browser import needs_browser, run_browser
from tests.support.samples import ALPHABET, make_render, make_samples


def _stats(path: Path, **options: int) -> Statistics:
    (found,) = stats((str(path),), **options)
    return found


def test_counts_are_those_of_the_labels(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 130)
    found = _stats(render)
    texts = make_samples(range(130)).texts
    counts = Counter("".join(texts))
    assert found.lines == 130 and found.lengths == {10: 130} and found.sizes == {"280x32": 130}
    assert {c: found.class_counts[ALPHABET.encode(c)[0]] for c in counts} == counts
    assert found.tail()[1] == len(ALPHABET) - 1 - len(counts)
    assert found.faces == {"Song": 65, "Kai": 65} and found.corpora == {"news": 130}
    assert found.sentences == 44 and found.most_of_a_sentence == 3
    assert found.effects == {"size_px": (24.0, 24.0, 24.0)}
    rarest, frequent = found.extremes()
    assert rarest[0][1] == min(counts.get(c, 0) for c in ALPHABET.characters)
    assert frequent[0][1] == max(counts.values())


def test_packed_data_is_counted_by_its_splits(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 90)
    out = tmp_path / "lmdb"
    summary = pack(PackSettings(inputs=(str(render),), out=str(out), split=0.8, jobs=1))
    assert _stats(out).splits == summary.samples
    assert _stats(out / "val").lines == summary.samples["val"]


def _odd(tmp_path: Path) -> Path:
    """Ten lines: two images the same, one that is none, one without contrast, labels repeated."""
    samples = make_samples(range(10), labels=["中" * 3] * 4 + ["<b>&\"'"] + ["x"] * 5)
    images = list(samples.images)
    images[1] = images[0]
    images[2] = b"no image"
    images[3] = encode_jpeg(np.full((32, 280), 200, np.uint8))
    render = make_render(tmp_path / "odd<i>", 10, shard_size=10)
    with TarShardWriter(render / "shard-00000") as writer:
        writer.write(Samples(images, samples.texts, samples.meta, samples.centres))
    return render


def test_duplicates_and_bad_images_are_counted(tmp_path: Path) -> None:
    found = _stats(_odd(tmp_path), images=0)
    assert (found.looked_at, found.unreadable, found.same_images) == (10, 1, 1)
    assert found.repeated_labels == 7
    assert found.most_repeated == [("x", 5), ("中中中", 4)]
    assert found.contrast.min() == 0 and found.contrast.max() > 150


def test_the_sample_of_images_is_bounded(tmp_path: Path) -> None:
    assert _stats(make_render(tmp_path / "news", 130), images=40).looked_at == 40


def test_the_commands_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    render = make_render(tmp_path / "news", 60)
    assert main(["stats", str(render)]) == 0
    table = capsys.readouterr().out
    assert "60 lines" in table and "of 40 occur" in table and "Song: 30" in table
    assert main(["stats", str(render), "--format", "json", "--html", str(tmp_path / "p.html")]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert sum(found["class_counts"].values()) == 600
    assert found["tail"]["under 200"] == 40
    assert (tmp_path / "p.html").read_text().startswith("<!doctype html>")
    assert main(["stats", str(tmp_path / "nothing")]) == 1


def test_the_page_replaces_a_page_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render, out = make_render(tmp_path / "news", 20), tmp_path / "p.html"
    call = ["stats", str(render), "--html", str(out)]
    assert main(call) == main(call) == 0
    out.write_text("someone's notes")
    assert main(call) == 1
    assert out.read_text() == "someone's notes"
    assert f"{out} exists and does not say that" in capsys.readouterr().err


def test_the_page_loads_nothing_and_escapes_what_it_is_given(tmp_path: Path) -> None:
    text = page([_stats(_odd(tmp_path))])
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)
    assert "odd&lt;i&gt;" in text and "odd<i>" not in text
    assert "&lt;b&gt;&amp;&quot;&#x27;" in text and "<b>" not in text


@needs_browser
def test_a_browser_shows_the_plots_and_the_images(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 130)
    text = page([_stats(render)])
    probe = """<script>addEventListener("load", () => {
      const images = [...document.images], plots = [...document.querySelectorAll("svg.plot")];
      document.title = JSON.stringify({
        images: images.filter(i => i.complete && i.naturalWidth === 280).length,
        plots: plots.filter(p => p.getBoundingClientRect().height > 15).length,
        marks: document.querySelectorAll("rect.bar").length,
        curve: document.querySelector("polyline").getTotalLength() > 100,
        asked: performance.getEntriesByType("resource").filter(
          e => !e.name.startsWith("data:")).length,
        wide: document.documentElement.scrollWidth <= innerWidth,
      })})</script>"""
    path = tmp_path / "probe.html"
    text = re.sub(r"<meta http-equiv[^>]*>", "", text)  # which forbids scripts
    path.write_text(text.replace("</body>", f"{probe}</body>"), encoding="utf-8")
    shown = run_browser(tmp_path, "--dump-dom", path.as_uri())
    title = re.search(r"<title>(.*?)</title>", shown)
    assert title is not None
    seen = json.loads(title[1])
    marks = seen.pop("marks")
    assert seen == {"images": 24, "plots": 2, "curve": True, "asked": 0, "wide": True}
    assert marks > 10
    picture = tmp_path / "page.png"
    run_browser(tmp_path, f"--screenshot={picture}", "--window-size=1000,1400", path.as_uri())
    pixels = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None and pixels.std() > 10


def test_corpora_of_one_name_are_counted_together() -> None:
    numbers = np.array([0] * 5 + [1] * 7)
    assert _names(numbers, ("text", "text")) == {"text": 12}
