"""What is read of jieba, without what it has to say."""

import os
import subprocess
import sys
from pathlib import Path

from corpora.jieba_tables import dictionary, first_states, transitions
from tests.support.paths import ROOT


def test_words_come_with_their_tags() -> None:
    words = {word: (count, tag) for word, count, tag in dictionary()}
    assert len(words) > 300_000
    assert words["北京"][1] == "ns" and words["的"][0] > 100_000
    assert {place for place, _ in first_states()} == set("BMES")
    assert transitions()["B", "a"].keys() == {("M", "a"), ("E", "a")}


def test_warnings_of_its_imports_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "pkg_resources.py").write_text(
        "import io, os, sys, warnings\n"
        "warnings.warn('pkg_resources is deprecated as an API', stacklevel=2)\n"
        "def resource_stream(name, path):\n"
        "    return open(os.path.join(os.path.dirname(sys.modules[name].__file__), path), 'rb')\n"
    )
    code = "from corpora.jieba_tables import dictionary; print(next(dictionary())[0])"
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", code], env={**os.environ, "PYTHONPATH": paths},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (len(done.stdout.split()), done.stderr) == (1, "")
