"""Shows what a docstring has under `Example:` as code, which the site would make a paragraph."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^Example:\n((?:[ ]{4}.*\n?|\n)+)", re.MULTILINE)


class ExamplesAsCode(griffe.Extension):
    """Fences the examples of every docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of a module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    """Return a docstring with its examples between fences."""
    return _EXAMPLE.sub(_fence, text)


def _fence(found: re.Match[str]) -> str:
    code = textwrap.dedent(found[1]).strip("\n")
    after = "\n\n" if found[1].endswith("\n\n") else "\n"
    return "Example:\n" + textwrap.indent(f"```python\n{code}\n```", "    ") + after
