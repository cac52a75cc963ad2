"""Commands that take paths say so when they are given a URL, and make no folder of its name."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from datagen.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ["preview", "--out", "s3://lines/x.png"],
        ["import", "csv", "s3://lines/table"],
        ["export", "paddle", "s3://lines/r", "--out", "out"],
        ["export", "paddle", "r", "--out", "s3://lines/out"],
        ["stats", "r", "--html", "s3://lines/page.html"],
        ["corpus", "add", "mine", "s3://lines/text.txt"],
        ["render", "--corpus", "s3://lines/text.txt:0.5"],
        ["render", "--style", "gs://lines/mine.toml"],
    ],
)
def test_a_url_where_a_path_goes_is_a_bad_option(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, arguments)
    assert result.return_value == 2, result.output
    assert "is a URL, and this" in result.output
    assert not list(tmp_path.iterdir())
