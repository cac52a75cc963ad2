"""The documentation site builds without a warning, and the notebook does what it says."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "site")],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    pages = {path.stem for path in (tmp_path / "site").glob("*.html")}
    assert {path.stem for path in DOCS.glob("*.md")} <= pages
    text = (tmp_path / "site/cli.html").read_text(encoding="utf-8")
    assert 'id="ocrgen-render"' in text
    assert 'id="ocrtrain-fit"' in text


@pytest.mark.filterwarnings("default")  # of the kernel's own packages
def test_the_notebook_trains_a_model_that_reads(tmp_path: Path) -> None:
    notebook = nbformat.read(DOCS / "notebook.ipynb", 4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": tmp_path}}).execute()
    said = "".join(
        output.get("text", "") for output in notebook.cells[-2].outputs if "text" in output
    )
    assert said.count("right") + said.count("WRONG") == 8
    assert said.count("right") >= 5
