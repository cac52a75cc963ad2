"""Settings of the documentation site: `python -m sphinx -W -b html docs docs/_build`."""

import importlib.metadata

project = "ocrgen"
author = "the ocrgen authors"
release = importlib.metadata.version("ocrgen")
copyright = "2026, the ocrgen authors; Apache-2.0"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
exclude_patterns = ["_build"]
default_role = "code"  # docstrings write `name` as Markdown does

html_theme = "furo"
html_title = f"ocrgen {release}"
html_show_sphinx = False
