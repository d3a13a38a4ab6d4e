"""What the codes of rules (V0 ...) mean, one line each, as the suites of expectations define them."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from motcua.publish.edition.content import Content


def rule_texts(expectations_dir: Path, rule_ids: Collection[str]) -> list[Content]:
    """Return the line of each of these rules, in the order of the suites.

    It is the suite's line on the rule where it has one, as of a rule with several checks; else the reason of the check.
    """
    texts: dict[str, Content] = {}
    for path in sorted(expectations_dir.glob("*.json")):
        suite = json.loads(path.read_bytes())
        for check in suite["expectations"]:
            meta = check["meta"]
            rule_id = meta["rule_id"]
            line = suite.get("rules", {}).get(rule_id, {"vi": meta["reason_vi"], "en": meta["reason"]})
            if rule_id in rule_ids:
                texts.setdefault(rule_id, {"rule_id": rule_id, "vi": line["vi"], "en": line["en"]})
    return list(texts.values())


def rules_named(content: Content) -> set[str]:
    """Return the rules whose codes stand on an edition."""
    named = {rule["rule_id"] for unit in content["set_aside"]["units"] for rule in unit["rules"]}
    return named | {rule["rule_id"] for rule in content.get("quarantine", {}).get("rules", ())}
