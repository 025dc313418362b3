"""How Sphinx makes the site of these pages: ``make docs``, warnings as errors."""

from importlib.metadata import version as installed

project = "difreg"
author = "The difreg developers"
copyright = "2026, The difreg developers"
release = version = installed("difreg")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["**/README.md"]
html_theme = "furo"
html_title = f"difreg {release}"
html_copy_source = False

# Links to headings are written as GitHub makes them.
myst_heading_anchors = 4
myst_links_external_new_tab = True

highlight_language = "none"
suppress_warnings = ["misc.highlighting_failure"]  # the lexer of Cypher does not know all of Cypher

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "separated"
python_use_unqualified_type_names = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # or the fields of a dataclass would be described twice
