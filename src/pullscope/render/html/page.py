"""The page: the template with its one style and its one script, under a policy that lets nothing else run or load.

The policy names the two by their hashes; no attribute carries a style or a script, and nothing is fetched. Beyond
`INLINE` pulls, what a pull holds is packed and unpacked when it is opened: five hundred pulls are five hundred lines until
somebody looks.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from pullscope import __version__
from pullscope.oci.amounts import count, size
from pullscope.render.html.view import PullView, Whole, finding_view, hop_view, prose, pull_view
from pullscope.render.plain import plain
from pullscope.trace.findings.finding import Finding
from pullscope.trace.hosts import needed
from pullscope.trace.model import Ending, Hop, Pull
from pullscope.trace.refusals import Refusal

if TYPE_CHECKING:
    from jinja2 import Template

INLINE = 12
"""Pulls that are written out whole, and can be read without script; more are packed."""


def page(
    pulls: Sequence[Pull],
    *,
    unattributed: Sequence[Hop] = (),
    refusals: Sequence[Refusal] = (),
    findings: Sequence[Finding] = (),
    source: str = "live",
) -> str:
    """The report of these pulls as one HTML file."""
    style, script = _asset("report.css"), _asset("report.js")
    body = _template("pull.html")
    rows: list[tuple[PullView, Markup, Markup]] = []
    whole = Whole.of(pulls)
    for pull in pulls:
        view = pull_view(pull, whole)
        text = body.render(pull=view)
        packed = len(pulls) > INLINE
        # The template escaped what it was given; nothing but the template's own markup is in this text.
        rows.append((view, Markup() if packed else Markup(text), Markup(_pack(text)) if packed else Markup()))  # noqa: S704
    return _template(
        "report.html"
    ).render(
        rows=rows,
        source=plain(source.rpartition("/")[2], 300),  # a path says more of its owner than a report should
        tally=tally_of(pulls),
        findings=[finding_view(finding) for finding in findings],
        unattributed=[hop_view(hop) for hop in unattributed[:200]],
        unattributed_count=len(unattributed),
        refusals=_refused(refusals),
        open_first=len(rows) <= 3,
        hosts=[
            (plain(host.name, 260), host.roles, host.operations, host.requests, size(host.bytes))
            for host in needed(pulls)
        ]
        if len(rows) > 1
        else [],
        **_frame(style, script, ""),
    )


def live_page() -> str:
    """The page that a server fills as pulls run: the same style and policy, and one more script that asks that server."""
    return _template("live.html").render(
        **_frame(_asset("report.css"), _asset("report.js") + _asset("live.js"), "self")
    )


def live_row(pull: Pull) -> str:
    """A pull as it stands, for that page."""
    view = pull_view(pull)
    text = Markup(_template("pull.html").render(pull=view))  # noqa: S704 - as above
    return _template("row.html").render(pull=view, body=text, packed=Markup(), opened=True)


def live_rest(findings: Sequence[Finding], refusals: Sequence[Refusal]) -> str:
    """What belongs to no pull, for that page."""
    found = [finding_view(finding) for finding in findings]
    return _template("general.html").render(findings=found) + _template("refusals.html").render(
        refusals=_refused(refusals)
    )


def tally_of(pulls: Sequence[Pull]) -> str:
    """`3 operations, 1 failed, 12 MB`."""
    running = sum(not pull.closed for pull in pulls)
    failed = sum(pull.closed and pull.outcome is Ending.FAILED for pull in pulls)
    parts = [
        count(len(pulls), "operation"),
        f"{running} under way" if running else "",
        f"{failed} failed" if failed else "",
    ]
    return ", ".join([*filter(None, parts), size(sum(pull.bytes for pull in pulls))])


def _refused(refusals: Sequence[Refusal]) -> list[str]:
    return [
        plain(f"{one.client} for {one.host or 'an unnamed host'}, {count(one.count, 'time')}: {one.reason}", 300)
        for one in refusals[:200]
    ]


def _frame(style: str, script: str, connect: str) -> dict[str, object]:
    """What every page has: its assets, and the policy that lets in nothing else."""
    return {
        "version": __version__,
        "style": Markup(style),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own file
        "policy": (
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            + (f"connect-src '{connect}'; " if connect else "")
            + "base-uri 'none'; form-action 'none'"
        ),
    }


def _pack(text: str) -> str:
    """Compressed, the same every time; the script has the browser unpack it."""
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode("ascii")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _asset(name: str) -> str:
    return files("pullscope.render.html").joinpath(name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> Template:
    from jinja2 import DictLoader, Environment, StrictUndefined

    names = ("report.html", "live.html", "row.html", "pull.html", "general.html", "refusals.html")
    environment = Environment(
        loader=DictLoader({one: _asset(f"{one}.j2") for one in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = prose
    return environment.get_template(name)
