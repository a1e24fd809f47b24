"""What Dagster is told of findings: check results, with tables as it shows them, and which checks stop a run."""

import dagster as dg

from platform_assets.assets.checks import check_result, check_specs
from platform_assets.lake.audit import Finding, Shown

KEY = dg.AssetKey(["shop", "orders"])


def test_all_checks_but_the_warnings_stop_what_comes_after() -> None:
    specs = check_specs(KEY, {"a": "first", "b": "second"}, {"b"})
    assert [(spec.name, spec.description, spec.blocking) for spec in specs] == [
        ("a", "first", True),
        ("b", "second", False),
    ]


def test_a_finding_shows_its_tables_as_tables_also_when_they_are_empty() -> None:
    details = {
        "rows": 5,
        "files": Shown(("file", "rows"), [("a.json", 2), ("b.json", 3)]),
        "samples": Shown(("line", "text"), []),
    }
    result = check_result(KEY, Finding("a", False, "two files", warning=True, details=details))
    assert (result.passed, result.severity, result.description) == (False, dg.AssetCheckSeverity.WARN, "two files")
    assert result.metadata["rows"] == dg.IntMetadataValue(5)
    files, samples = result.metadata["files"].value, result.metadata["samples"].value
    assert [record.data for record in files.records] == [{"file": "a.json", "rows": 2}, {"file": "b.json", "rows": 3}]
    assert ([column.name for column in samples.schema.columns], list(samples.records)) == (["line", "text"], [])
