"""How the documentation is built; see the target ``docs`` of the Makefile."""

from spikewright import __version__

project = "Spikewright"
author = "The Spikewright authors"
project_copyright = "2026, the Spikewright authors"
release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "fieldlist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Spikewright"

autodoc_typehints = "none"
autodoc_member_order = "bysource"
# scikit-learn adds these to every estimator.
autodoc_default_options = {"members": True, "exclude-members": "set_fit_request, set_score_request"}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False
