"""The page: the template with its one style and its one script, under a policy that lets nothing else run or load.

The policy names the two by their hashes; no attribute carries a style or a script, and nothing is fetched. The list of pulls
and what was found in them are markup, and can be read without script. The rest is data (`data`), packed some hundred pulls at
a time, of which the script draws what is opened: a page of five thousand pulls is five thousand lines until it does.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from pullscope import __version__
from pullscope.oci.amounts import count, size
from pullscope.oci.plain import plain
from pullscope.render.closing_line import took
from pullscope.render.formats import Told
from pullscope.render.html.data import Pack
from pullscope.render.layout import COMMAND, clauses
from pullscope.render.names import client_line, reference_line, verb
from pullscope.trace.findings.finding import Finding
from pullscope.trace.hosts import HostTally, Roles, needed, tally
from pullscope.trace.model import Ending, Pull
from pullscope.trace.refusals import Refusal

if TYPE_CHECKING:
    from jinja2 import Template

TOGETHER = 512
"""Pulls that are packed together: each is small beside what is said of all of them, and it takes no time to unpack so many."""
OPEN_ALL = 3
"""Pulls that are shown open from the start, all of them; of a dozen, those that failed."""
REST = 200
"""Requests of no pull, and refusals, that are listed."""


def page(told: Told) -> str:
    """The report of these pulls as one HTML file."""
    pulls = told.pulls
    # Pulls of one image by one client are nearly the same, and pack well side by side.
    alike = sorted(range(len(pulls)), key=lambda at: (pulls[at].reference or "", pulls[at].client_key[1], at))
    packs: list[str] = []
    hosts: list[list[HostTally]] = []
    index: list[list[object]] = [[] for _ in pulls]
    for began in range(0, len(pulls), TOGETHER):
        pack = Pack()
        for at in alike[began : began + TOGETHER]:
            of_it = _add(pulls[at], pack)
            index[at] = [*_index(pulls[at], of_it), len(packs)]
            hosts.append(of_it)
        values = pack.values()
        digests = values.pop("digests")  # which no compression makes shorter
        packs.append(f"{_pack(values)} {digests}")
    return _template(
        "report.html"
    ).render(
        pulls=pulls,
        index=_pack(index),
        packs=packs,
        source=told.source.rpartition("/")[2],  # a path says more of its owner than a report should
        tally=tally_of(pulls),
        findings=told.findings,
        unattributed=told.unattributed[:REST],
        unattributed_count=len(told.unattributed),
        refusals=told.refusals[:REST],
        opened_of=[_opened(pull, len(pulls)) for pull in pulls],
        hosts=needed(hosts) if len(pulls) > 1 else [],
        **_frame(_asset("report.css"), _asset("report.js"), ""),
    )


def live_page() -> str:
    """The page that a server fills as pulls run: the same style and policy, and one more script that asks that server."""
    return _template("live.html").render(
        **_frame(_asset("report.css"), _asset("report.js") + _asset("live.js"), "self")
    )


def live_pull(pull: Pull) -> dict[str, object]:
    """A pull as it stands, for that page: its line, what it is found by, and what is drawn when it is open."""
    pack = Pack()
    hosts = _add(pull, pack)
    return {
        "id": f"p{pull.id}",
        "html": _template("row.html").render(pull=pull, opened=not pull.closed),
        "index": _index(pull, hosts),
        "data": pack.values(),
    }


def live_rest(findings: Sequence[Finding], refusals: Sequence[Refusal]) -> str:
    """What belongs to no pull, for that page."""
    return _template("general.html").render(findings=findings) + _template("refusals.html").render(
        refusals=refusals[:REST]
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
    return ", ".join([*filter(None, parts), size(sum(pull.bytes + pull.bytes_sent for pull in pulls))])


def _add(pull: Pull, pack: Pack) -> list[HostTally]:
    """Put a pull into a pack; its hosts."""
    roles = Roles(pull.hops)
    hosts = tally(pull.hops, roles)
    pack.add(pull, hosts, roles)
    return hosts


def _index(pull: Pull, hosts: Sequence[HostTally]) -> list[object]:
    """When it began, how long it took, the bytes that moved, and what it is found by that its line does not say."""
    words = [
        pull.digest or "",
        pull.platform or "",
        *(host.host for host in hosts),
        *(finding.code for finding in pull.findings),
        *(str(status) for status in sorted({hop.status for hop in pull.hops if hop.status})),
    ]
    return [
        round(pull.started, 2) if pull.dated else None,
        round(pull.seconds, 3) if pull.seconds is not None else None,
        pull.bytes + pull.bytes_sent,
        plain(" ".join(words), 2000).lower(),
    ]


def _opened(pull: Pull, of: int) -> bool:
    return of <= OPEN_ALL or (pull.outcome is Ending.FAILED and of <= 4 * OPEN_ALL)


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


def _pack(values: object) -> str:
    """Compressed, the same every time; the script has the browser unpack it."""
    text = json.dumps(values, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode("ascii")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _asset(name: str) -> str:
    return files("pullscope.render.html").joinpath(name).read_text(encoding="utf-8")


def _clock(pull: Pull) -> str:
    """The time of day at which it began."""
    return datetime.fromtimestamp(pull.started, UTC).strftime("%H:%M:%S") if pull.dated else ""


def _breakable(text: str) -> Markup:
    """A name that may go on in the next line after each of its slashes."""
    return Markup("/<wbr>").join(text.split("/"))  # join escapes what it joins


@cache
def _template(name: str) -> Template:
    from jinja2 import DictLoader, Environment, StrictUndefined

    names = ("report.html", "live.html", "row.html", "finding.html", "general.html", "refusals.html")
    environment = Environment(
        loader=DictLoader({one: _asset(f"{one}.j2") for one in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plain": plain,
        "size": size,
        "count": count,
        "took": took,
        "verb": verb,
        "client_line": client_line,
        "reference_line": reference_line,
        "breakable": _breakable,
        "clock": _clock,
        "clauses": clauses,
        "pieces": re.compile(f"({COMMAND.pattern})").split,  # prose and commands in turn
    }
    return environment.get_template(name)
