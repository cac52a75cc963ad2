"""Listings in every form: for people, for spreadsheets, for programs."""

import json
from pathlib import Path

import pytest

from datagen.cli import main
from datagen.render.job import render
from datagen.render.render_settings import RenderSettings
from datagen.text.plan_settings import PlanSettings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tables") / "lines"
    plan = PlanSettings(min_per_class=0)
    render(RenderSettings(plan=plan, n=12, shard_size=8, out=str(out), jobs=1))
    return out


def said(capsys: pytest.CaptureFixture[str], *words: object) -> list[str]:
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_heading_of_tsv_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("style", "list", "--format", "tsv")
    whole = said(capsys, *words)
    assert whole[0] == "style\tdefault\tabout"
    assert said(capsys, *words, "--no-header") == whole[1:]


@pytest.mark.parametrize(
    ("command", "heading", "row"),
    [
        ("verify", "path\tquantity\titem\tvalue", "{path}\tgood\t\tTrue"),
        ("stats", "path\tquantity\titem\tvalue", "{path}\tlines\t\t12"),
        ("corpus stats", "quantity\titem\tvalue", "corpora\tnews\t1.0"),
    ],
)
def test_reports_hold_as_tsv_what_they_hold_as_json(
    command: str, heading: str, row: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = ("news",) if command == "corpus stats" else (folder,)
    words = (*command.split(), *of, "--format")
    first, *rows = said(capsys, *words, "tsv")
    assert first == heading and row.format(path=folder) in rows
    whole = json.loads("".join(said(capsys, *words, "json")))
    report = whole[0] if isinstance(whole, list) else whole
    scalars = {name: value for name, value in report.items() if not isinstance(value, dict | list)}
    for name in scalars.keys() - {"path", "seconds"}:
        assert "\t".join(["", name, "", str(scalars[name])]).strip("\t") in "\n".join(rows)
