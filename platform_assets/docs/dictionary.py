"""The data dictionary: a Markdown page for every table, and an index, from the contracts alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from platform_assets.assets.raw_tables import RawTableDefinition
from platform_assets.contracts.compiled import ColumnSpec
from platform_assets.contracts.rules import Rule, code
from platform_assets.docs.markdown import markdown_table
from platform_assets.registry import TableKind
from platform_assets.settings import FIRST_DAY

_SOURCE = "_Written by `platform-assets docs`. What it says stands in the table's own file._"


def write_pages(definitions: Iterable[TableKind], folder: Path) -> list[Path]:
    """Write `<folder>/<domain>/<table>.md` for every table, and the index `<folder>/README.md`; the same bytes always.

    Returns the files written, the index first. Pages of tables that are gone stay where they are.
    """
    tables = {definition.text_key: definition for definition in definitions}
    readers = {key: [reader for reader, one in tables.items() if key in _inputs(one)] for key in tables}
    pages = {folder / "README.md": _index(tables.values())}
    pages |= {folder / f"{key}.md": _page(definition, readers[key]) for key, definition in tables.items()}
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return list(pages)


def _index(definitions: Iterable[TableKind]) -> str:
    rows = []
    for definition in sorted(definitions, key=lambda one: one.text_key):
        key = definition.text_key
        first_line = definition.description.splitlines()[0]
        rows.append([f"[{key}]({key}.md)", first_line, str(len(definition.contract.columns))])
    return _joined(["# Tables", markdown_table(["Table", "What it holds", "Columns"], rows), _SOURCE])


def _page(definition: TableKind, readers: Sequence[str]) -> str:
    parts = [
        f"# {definition.text_key}",
        definition.description,
        markdown_table(["", ""], _facts(definition, readers)),
        "## Columns",
        _columns(definition),
    ]
    if isinstance(definition, RawTableDefinition):
        rules = [[f"`{name}`", said] for name, said in row_rules(definition)]
        parts += [
            "## Rules of rows",
            "A row that breaks a rule stays in the table, with the rule's name in `violations` and its text in `raw`.",
            markdown_table(["Rule", "Broken when"], rules),
        ]
    parts += ["## Checks", "A day is published only when all of them hold; warnings stop nothing.", _checks(definition)]
    if settings := _settings(definition):
        parts += ["## Settings", markdown_table(["Setting", "Meaning"], settings)]
    return _joined([*parts, "## How to read it", _example(definition), _SOURCE])


def _facts(definition: TableKind, readers: Sequence[str]) -> Iterator[list[str]]:
    key = definition.text_key
    contract = definition.contract
    yield ["Lies in", f"`<lake>/{key}`, a Delta table; `<lake>` is the setting `PLATFORM_LAKE`"]
    partition = f"`{contract.partition_column}`" if contract.partition_column else "none: it is replaced as a whole"
    yield ["Partition", partition]
    yield ["Key", ", ".join(f"`{column}`" for column in contract.key) or "none: the same row may stand more than once"]
    if isinstance(definition, RawTableDefinition):
        suffixes = ", ".join(f"`{suffix}`" for suffix in definition.feed.suffixes)
        feed = f"`<landing>/{definition.feed.name}/<YYYY-MM-DD>/`"
        yield ["Built from", f"the feed `{definition.feed.name}`: files in {feed} ({suffixes}, plain or `.gz`)"]
    else:
        yield ["Built from", ", ".join(map(_link, _inputs(definition)))]
        if before := definition.signature.before:
            links = ", ".join(_link(definition.reads(name).to_user_string()) for name in before)
            yield ["Goes on from", f"the day before of {links}: each day needs the one before it"]
        if definition.signature.so_far:
            yield ["Goes on from", "all its own days before: each day needs all before it"]
    yield ["Rows", definition.rows]
    yield ["Read by", ", ".join(map(_link, readers)) or "no other table"]
    yield ["Owner", definition.domain.owner]


def _columns(definition: TableKind) -> str:
    is_raw = isinstance(definition, RawTableDefinition)
    rows = []
    for column in definition.contract.columns:
        field = [f"`{column.source.field}`" if column.source else ""] if is_raw else []
        rules = "; ".join(_rule(rule) for rule in column.rules if rule.kind == "value")
        kind = f"`{column.dtype.simpleString()}`"
        said = f"{column.description} (personal)" if column.is_personal else column.description
        rows.append([f"`{column.name}`", *field, kind, _null(column), said, rules])
    for pattern in definition.contract.patterns:
        rules = "; ".join(_rule(rule) for rule in pattern.rules)
        said = f"{pattern.description}. All columns with such names, as they come"
        rows.append([code(pattern.regex), f"`{pattern.dtype.simpleString()}`", "may be", said, rules])
    field = ["Field of the feed"] if is_raw else []
    return markdown_table(["Column", *field, "Type", "NULL", "Meaning", "Rules"], rows)


def _null(column: ColumnSpec) -> str:
    if column.source and column.source.required:
        return "only in rejected rows"
    return "may be" if column.nullable else "never"


def _rule(rule: Rule) -> str:
    said = code(rule.description) if rule.kind == "agreement" else rule.description
    return f"{said} (a warning)" if rule.warning else said


def row_rules(definition: RawTableDefinition) -> Iterator[tuple[str, str]]:
    """Every rule that a row of a raw table may break: its name in `violations`, and what breaks it."""
    yield "not_utf8", "the line is not UTF-8; no other rule is looked at then"
    yield "malformed", "the line cannot be read as the feed's format; no other rule is looked at then"
    for column in definition.contract.columns:
        if column.source is None:
            continue
        if column.source.required:
            nulls = "".join(f", `{text}`" for text in column.source.nulls)
            yield f"missing_{column.name}", f"`{column.source.field}` is absent, null{nulls} or empty"
        asked = "".join(f", or breaks: {_rule(rule)}" for rule in column.rules)
        kind = column.dtype.simpleString()
        yield f"invalid_{column.name}", f"`{column.source.field}` is not a {kind} as the feed writes it{asked}"
    if definition.event_time:
        first = f"`{definition.domain.prefix}START`"
        yield "before_start", f"the event's day lies before the domain's first day (setting {first})"
        yield "after_delivery", "the event's day is later than the day after its delivery day"
    for rule in definition.contract.row_rules:
        yield rule.name, f"not so: {_rule(rule)}"
    if key := definition.rows_key:
        other = "another row with other values" if key.equal_are_one else "another row"
        yield key.rule, f"{other} of the delivery has the same {', '.join(f'`{name}`' for name in key.columns)}"


def _checks(definition: TableKind) -> str:
    rules = {rule.name: rule for rule in definition.contract.rules}
    rows = []
    for name, text in definition.checks.items():
        said = f"{text} (a warning)" if name in definition.warnings else text
        rows.append([f"`{name}`", _rule(rules[name]) if name in rules else said])
    return markdown_table(["Check", "What must hold"], rows)


def _settings(definition: TableKind) -> list[list[str]]:
    domain = definition.domain
    fields = domain.settings.model_fields
    return [
        [f"`{domain.prefix}{name.upper()}`", fields[name].description or ""] for name in definition.signature.settings
    ]


def _example(definition: TableKind) -> str:
    day = f"date({FIRST_DAY.year}, {FIRST_DAY.month}, {FIRST_DAY.day})"
    partition = definition.contract.partition_column
    wanted = f'filters=[("{partition}", "=", {day})]' if partition else ""
    lines = [
        "```python",
        *(["from datetime import date", ""] if partition else []),
        "from deltalake import DeltaTable",
        "",
        "from platform_assets.settings import current",
        "",
        f'table = DeltaTable(f"{{current().lake}}/{definition.text_key}")',
        f"rows = table.to_pandas({wanted})",
    ]
    if isinstance(definition, RawTableDefinition):
        lines.append('good = rows[rows["violations"].str.len() == 0]')
    return "\n".join([*lines, "```"])


def _inputs(definition: TableKind) -> list[str]:
    return [key.to_user_string() for key in definition.sources]


def _link(key: str) -> str:
    return f"[{key}](../{key}.md)"


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
