"""`python -m training` is `ocrtrain`."""

from training.cli import run

run()
