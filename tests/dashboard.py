"""The dashboard of deploy/grafana.json: a panel for each question of docs/fleet.md, whose names are tested against what is sent.

Grafana's dashboard JSON model, schema version 39 (Grafana 11); its page "JSON model" lists the fields.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "fleet.md"
UNITS = {"bytes_total": "bytes", "_seconds_bucket": "s", "_remaining": "short", "": "short"}
WIDTH, HEIGHT, ACROSS = 12, 8, 2
SOURCE = {"type": "prometheus", "uid": "${source}"}


def questions() -> list[tuple[str, list[str]]]:
    """Each question of the page, with its queries."""
    block = re.search(r"^```promql\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None
    asked: list[tuple[str, list[str]]] = []
    for part in block[1].strip().split("\n\n"):
        comment, *queries = part.splitlines()
        asked.append((comment.removeprefix("# "), queries))
    return asked


def dashboard() -> dict[str, Any]:
    """The whole document."""
    return {
        "title": "pullscope: what a fleet pulls",
        "description": "One panel for each question of docs/fleet.md. Made from that page, not by hand.",
        "uid": "pullscope-fleet",
        "tags": ["pullscope"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}],
        },
        "panels": [panel(number, *asked) for number, asked in enumerate(questions())],
    }


def panel(number: int, question: str, queries: list[str]) -> dict[str, Any]:
    """One question; what is asked of a whole day or hour is a table of now, what is asked of a rate goes over time."""
    unit = next(unit for name, unit in UNITS.items() if any(name in query for query in queries))
    over_time = any("rate(" in query for query in queries)
    return {
        "id": number + 1,
        "type": "timeseries" if over_time else "bargauge",
        "title": question[0].upper() + question[1:],
        "datasource": SOURCE,
        "gridPos": {"x": number % ACROSS * WIDTH, "y": number // ACROSS * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {} if over_time else {"orientation": "horizontal", "displayMode": "basic"},
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": " ".join(f"{{{{{label}}}}}" for label in labels_of(query)) or "all",
                "instant": not over_time,
                "range": over_time,
            }
            for at, query in enumerate(queries)
        ],
    }


def labels_of(query: str) -> list[str]:
    """What a query tells apart, to name its series by."""
    found = re.search(r"by \(([^)]*)\)", query)
    return [label.strip() for label in found[1].split(",") if label.strip() != "le"] if found else []
