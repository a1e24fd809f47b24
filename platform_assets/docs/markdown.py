"""Markdown: what several writers of pages need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# A part of a text that is code already: Markdown's own signs are left alone in it.
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; text keeps its stars, angles and bars, and code and links stay what they are."""
    lines = [header, ["---"] * len(header), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    """Text as one cell of a table; what is not code keeps its stars and angles, links stay links."""
    kept, end = [], 0
    for span in _CODE.finditer(text):
        kept += [_plain(text[end : span.start()]), span.group()]
        end = span.end()
    one_line = re.sub(r"\s*\n\s*", " ", "".join([*kept, _plain(text[end:])]))
    return one_line.replace("|", "\\|")


def _plain(text: str) -> str:
    return re.sub(r"([\\*<>])", r"\\\1", text)
