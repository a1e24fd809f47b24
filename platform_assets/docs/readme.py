"""The parts of a README that follow from the declarations: a picture of the asset graph, a table of settings."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from platform_assets import domains as our_domains
from platform_assets.docs.markdown import markdown_table
from platform_assets.registry import FoundDomain, found, listed_settings
from platform_assets.settings import Settings, current

_PART = "<!-- generated: "


def graph(domains: Iterable[FoundDomain]) -> str:
    """The asset graph as a Mermaid picture: feeds round, documents slanted, databases as drums, a block a domain."""
    return "\n".join(["```mermaid", "graph LR", "\n\n".join("\n".join(_edges(domain)) for domain in domains), "```"])


def _edges(domain: FoundDomain) -> Iterator[str]:
    for raw in domain.raw_tables:
        feed = raw.landing_key.to_user_string()
        yield f"    {feed}([{feed}]) --> {raw.text_key}"
    for table in domain.tables:
        for source in table.sources:
            yield f"    {source.to_user_string()} --> {table.text_key}"
    for document in domain.documents:
        for source in document.sources:
            yield f"    {source.to_user_string()} --> {document.text_key}[/{document.text_key}/]"
    for written in domain.sql_tables:
        for source in written.sources:
            yield f"    {source.to_user_string()} --> {written.text_key}[({written.text_key})]"


def settings_table(domains: Iterable[FoundDomain], settings: Settings) -> str:
    """Every setting with its variable, default and meaning, whatever it is set to here."""
    rows = [
        [f"`{setting.variable}`", f"`{setting.default}`" if setting.default else "", setting.meaning]
        for setting in listed_settings(domains, settings)
    ]
    return markdown_table(["variable", "default", "meaning"], rows)


def renewed(text: str, domains: Iterable[FoundDomain], settings: Settings) -> str:
    """A README's text with its generated parts as they should be now.

    A part stands between `<!-- generated: graph -->` (or `settings`) and `<!-- end -->`. Raises `ValueError` when the
    text has no such part.
    """
    domains = list(domains)
    parts = {"graph": graph(domains), "settings": settings_table(domains, settings)}
    for name, part in parts.items():
        begin, end = f"{_PART}{name} -->\n", "\n<!-- end -->"
        before, _, rest = text.partition(begin)
        # A part of nothing ends where it begins.
        within, found_end, after = f"\n{rest}".partition(end)
        if text.count(begin) != 1 or not found_end or _PART in within:
            raise ValueError(f"{begin.strip()} ... {end.strip()} must stand in the text once")
        text = f"{before}{begin}{part}{end}{after}"
    return text


def built_in() -> Sequence[FoundDomain]:
    """Those that come with the platform, whatever else is installed and whichever take part on this machine."""
    names = tuple(one.name for one in pkgutil.iter_modules(our_domains.__path__) if one.ispkg)
    return found(current().model_copy(update={"domains": names}))


def main(path: Path) -> None:
    """Write the generated parts of a README anew, of the domains that this package brings."""
    path.write_text(renewed(path.read_text(encoding="utf-8"), built_in(), current()), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
