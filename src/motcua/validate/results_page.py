"""The results page of one call and kind of record: one self-contained HTML file, in Vietnamese with English on click.

It loads no script, font or style sheet from elsewhere, so it opens in a closed network (the Data Docs of GX do not). It
holds counts and the keys of records set aside, as their system knows them. It holds no dossier code, value or person.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from motcua.canonical import KINDS
from motcua.validate.suite import Suite
from motcua.validate.verdict import Refusal, Verdict, total_counts

KEYS_SHOWN = 500  # the most keys listed for each source; the rest is counted, and the quarantine lists it


def write_page(verdicts: Sequence[Verdict], refusals: Sequence[Refusal], folder: Path, moment: datetime) -> str:
    """Write the page of the batches of one kind and return its path. The same batches give the same name."""
    batches = sorted(
        (batch.run_id, batch.batch_id) for batch in (*(v.batch for v in verdicts), *(r.batch for r in refusals))
    )
    mark = hashlib.sha256("\n".join(batch_id for _, batch_id in batches).encode()).hexdigest()[:10]
    path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', batches[0][0])}__{mark}.html"
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(render_page(verdicts, refusals, moment), encoding="utf-8")
    part.replace(path)
    return str(path)


def render_page(verdicts: Sequence[Verdict], refusals: Sequence[Refusal], moment: datetime) -> str:
    """Return the page as HTML. Every value is escaped."""
    environment = Environment(
        loader=PackageLoader("motcua.validate", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["share"] = _share
    batches = [*(verdict.batch for verdict in verdicts), *(refusal.batch for refusal in refusals)]
    judged = sum(verdict.judged_count for verdict in verdicts)
    refused_ids = {refusal.batch.batch_id for refusal in refusals}
    settled = [verdict for verdict in verdicts if verdict.batch.batch_id not in refused_ids]
    return environment.get_template("validation.html.j2").render(
        moment=moment,
        kind=KINDS[batches[0].record_kind],
        rules=_rules(verdicts[0].suite, total_counts(verdicts)) if verdicts else [],
        sources=[_source(verdict) for verdict in settled],
        refusals=refusals,
        judged=judged,
        accepted=sum(verdict.judged_count - verdict.broken_count for verdict in settled),
        set_aside=sum(len(verdict.set_aside) for verdict in settled),
    )


def _rules(suite: Suite, counts: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    rules = []
    for rule_id, severity in suite.severity_by_rule.items():
        metas = [check.meta for check in suite.checks if check.rule_id == rule_id]
        checked, failed = counts[rule_id]
        rules.append(
            {
                "rule_id": rule_id,
                "severity": severity,
                "checked": checked,
                "failed": failed,
                "reasons": [(meta.reason_vi, meta.reason) for meta in metas],
                "legal_sources": list(dict.fromkeys(meta.legal_source for meta in metas)),
                "evidence": list(dict.fromkeys(meta.evidence for meta in metas)),
            }
        )
    return rules


def _source(verdict: Verdict) -> dict[str, Any]:
    keys = [
        {
            "key": " / ".join(str(aside.record[name] or "?") for name in verdict.kind.key),
            "rules": list(dict.fromkeys(rule["rule_id"] for rule in aside.broken_rules)),
        }
        for aside in verdict.set_aside[:KEYS_SHOWN]
    ]
    return {
        "source_id": verdict.batch.source_id,
        "batch_id": verdict.batch.batch_id,
        "window_from": verdict.batch.window_from,
        "window_to": verdict.batch.window_to,
        "judged": verdict.judged_count,
        "set_aside": len(verdict.set_aside),
        "warned": sum(count.failed_count > 0 for count in verdict.rule_counts if count.severity == "warning"),
        "keys": keys,
        "keys_left_out": len(verdict.set_aside) - len(keys),
    }


def _number(value: int) -> str:
    return f"{value:,}".replace(",", ".")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}".replace(".", ",") + " %" if whole else "–"
