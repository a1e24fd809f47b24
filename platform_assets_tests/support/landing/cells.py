"""Delimited lines cut into cells a second time: character by character, with no pattern and no library."""

from __future__ import annotations


def cells(line: str, delimiter: str, *, quotes: bool) -> list[str] | None:
    """The cells of a line; None when a quote stands where none may be, or is never closed."""
    if not quotes:
        return line.split(delimiter)
    found, at = [], 0
    while True:
        cell = ""
        if line[at : at + 1] == '"':
            at += 1
            while line[at : at + 1] != '"' or line[at : at + 2] == '""':
                if at == len(line):
                    return None
                cell += line[at]
                at += 2 if line[at] == '"' else 1
            at += 1
        else:
            while at < len(line) and line[at] not in (delimiter, '"'):
                cell += line[at]
                at += 1
        found.append(cell)
        if at == len(line):
            return found
        if line[at] != delimiter:
            return None
        at += 1
