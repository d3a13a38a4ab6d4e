"""Which reports are published by themselves, and for which periods: what the files of forms and indexes say of it."""

from __future__ import annotations

from pathlib import Path

from motcua.catalog.forms import Clock, PublishingRule, form_file, report_codes
from motcua.catalog.index import index_codes, index_file
from motcua.errors import CatalogError
from motcua.period import Period


def publishing_rules(catalog_dir: Path, clock: Clock, period: Period) -> dict[str, PublishingRule]:
    """Return, by report, the rule that holds for a period a clock starts, or somebody names to its DAG.

    Raises:
        CatalogError: a file is wrong, or the catalogue still has rules in a place where nobody reads them.
    """
    if (old := catalog_dir / "publishing.yaml").is_file():
        raise CatalogError(
            f"{old} is no longer read: a report says itself when it is published.",
            action="move each rule to `published` of the report's file under forms/ or index/, and delete the file.",
        )
    rules = {code: form_file(catalog_dir, code).published for code in report_codes(catalog_dir)}
    rules |= {code: index_file(catalog_dir, code).published for code in index_codes(catalog_dir)}
    return {
        code: next(rule for rule in of_report if rule.covers(clock, period))
        for code, of_report in rules.items()
        if any(rule.covers(clock, period) for rule in of_report)
    }
