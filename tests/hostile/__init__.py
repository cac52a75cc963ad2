"""Hostile inputs: a command that is given anything either succeeds with right data, or says in one
line what is wrong, with exit code 1 or 2, within 10 seconds and 1 GB.

    python -m pytest tests/hostile                     3,000 cases
    python -m pytest tests/hostile --hostile 50000     more of them; -s shows the exit codes
    python -m tests.hostile.worker lists.PathLists 0 17 1    one case again, with its output

A surface is one way in for inputs of one kind: image lists, alphabets, manifests, models. To add
one, put a class into a module of `surfaces/`; nothing else names it:

    class Styles(Surface):
        share = 2  # of the cases, relative to other surfaces; costly ones take less

        def prepare(self, base: Path) -> None:
            (base / "mine.toml").write_text('preset = "print"')  # valid, read by every case

        def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
            style = mutated_copy(base / "mine.toml", folder, rng)
            return ocrgen("render", "--style", style, "-n", 2, "-o", folder / "out")

`attempt` writes what it needs into `folder`, which is empty and the working folder of the case,
and names what to run: `ocrgen(...)` and `ocrtrain(...)` run a command line, `call(function)` any
function that may raise a UserError. Each takes `check=`, a function that looks at a success and
returns what is wrong with it, or None. `base` must not be changed: it is made once.

Everything random comes from `rng`, which depends on the run's seed, the surface and the number of
the case alone. `mutations.py` has the ways to damage bytes, text, JSON and option values.

Cases run one after the other inside a process of their own (`worker.py`), which the test watches:
a crash, a hang or too much memory is the finding of that case, and the next one gets a new
process. After each case nothing outside `folder` may have changed, and nothing unfinished may lie
inside it.
"""
