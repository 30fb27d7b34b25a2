"""The page as one HTML file: template and style sheet are beside this file, in `templates`.

Everything is escaped but drawings and fragments of our own.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from chainrule.errors import MissingExtraError
from chainrule.report.page.blocks import Page

TEMPLATE, STYLE = "report.html.jinja", "report.css"


def render(page: Page) -> str:
    """Return the page as the text of an HTML file.

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed.
    """
    return _template().render(page=page) + "\n"


@cache
def _template() -> Any:
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError(
            "A report needs jinja2, which is not installed. "
            "Run: pip install 'chainrule[report]', or leave it out (--no-report)."
        ) from None
    folder = files("chainrule.report.page") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["with_code"] = _with_code
    style = (folder / STYLE).read_text(encoding="utf-8")
    return environment.get_template(TEMPLATE, globals={"style": style})


def _with_code(text: str) -> Any:
    """Return text as HTML, with what stands in `backticks` as code."""
    from markupsafe import Markup

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))
