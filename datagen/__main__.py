"""`python -m datagen` is `ocrgen`."""

from datagen.cli import run

run()
