"""The packages stay apart: imports run one way, and asking for help loads nothing heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import datagen.cli
import training.cli
from tests.support.paths import ROOT

PACKAGES = ("ocrbase", "corpora", "fonts", "datagen", "training", "pipelines", "ocrgen")
MAY_IMPORT = {
    "ocrbase": {"ocrbase"},
    "corpora": {"ocrbase", "corpora"},
    "fonts": {"ocrbase", "fonts"},
    "datagen": {"ocrbase", "corpora", "fonts", "datagen"},
    "training": {"ocrbase", "corpora", "fonts", "datagen", "training"},
    "pipelines": set(PACKAGES) - {"ocrgen"},
    "ocrgen": set(PACKAGES) - {"pipelines"},
}
HEAVY = (
    "numpy", "cv2", "numba", "torch", "PIL", "jieba", "lmdb", "scipy", "matplotlib", "onnxruntime",
)  # fmt: skip


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    """Every module that a file imports anywhere, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def _top(module: str) -> str:
    return module.partition(".")[0]


def _users(package: str) -> set[str]:
    """The modules, as paths from the root, that import a package."""
    paths = [path for name in PACKAGES for path in _modules(name)]
    found = [path for path in paths if package in {_top(name) for name in _imports(path)}]
    return {path.relative_to(ROOT).as_posix() for path in found}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _modules(package)
        for name in _imports(path)
        if _top(name) in PACKAGES and _top(name) not in MAY_IMPORT[package]
    ]
    assert not wrong
    assert len(_modules(package)) >= 1


def test_imports_are_written_in_full() -> None:
    relative = [
        f"{path.relative_to(ROOT)} imports {name}"
        for package in PACKAGES
        for path in _modules(package)
        for name in _imports(path)
        if name.startswith(".")
    ]
    assert not relative


def test_bytes_on_disk_know_no_job() -> None:
    jobs = ("cli", "render", "pack", "exchange", "verify", "stats", "data_sets", "likeness")
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for folder in ("formats", "drawing", "text", "reports")
        for path in _modules(f"datagen/{folder}")
        for name in _imports(path)
        if name.startswith(tuple(f"datagen.{job}" for job in jobs))
    ]
    assert not wrong and _modules("datagen/formats")


def test_torch_is_for_training_alone() -> None:
    packages = {_top(path.replace("/", ".")) for path in _users("torch")}
    assert packages <= {"training", "pipelines"} and "training" in packages


def test_click_stays_in_the_command_lines() -> None:
    inside = ("datagen/cli/", "training/cli/", "pipelines/studio/command.py", "pipelines/full.py")
    users = _users("click")
    assert users and {path for path in users if not path.startswith(inside)} == set()


def test_one_module_knows_joblib() -> None:
    assert _users("joblib") == {"datagen/shards.py"}


def test_one_module_knows_trdg() -> None:
    """It is imported by name, so the word is looked for in strings too."""
    users = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in _modules(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr | ast.Constant)
        and any(
            isinstance(part, ast.Constant) and str(part.value).startswith("trdg.")
            for part in (node.values if isinstance(node, ast.JoinedStr) else [node])
        )
    }
    assert users | _users("trdg") == {"datagen/drawing/trdg_engine.py"}


PROGRAMS = {"ocrgen": "datagen.cli", "ocrtrain": "training.cli"}
CALLS = [
    *[("ocrgen",), *(("ocrgen", name) for name in datagen.cli.MODULES)],
    *[("ocrtrain",), *(("ocrtrain", name) for name in training.cli.MODULES)],
]


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_help_loads_nothing_heavy(call: tuple[str, ...]) -> None:
    module = PROGRAMS[call[0]]
    code = (
        "import sys\n"
        f"from {module} import run\n"
        f"sys.argv = {[*call, '--help']!r}\n"
        "try:\n"
        "    run()\n"
        "finally:\n"
        f"    print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1] == "LOADED []"
