"""Writes down what happened on a wire, so that a test reads like the conversation it is about.

A `Wire` is one client's view: `ask` is one exchange, of which the border makes events, with a clock that goes on by itself.
All wires have one border, so that equal URLs and equal tokens have equal numbers in every wire. `played` merges wires by time and
feeds them to a trace; `told` writes a pull's steps as short words to compare with.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count, pairwise

from pullscope.oci.messages import Headers, Request, Response
from pullscope.trace.border import Body, Border
from pullscope.trace.events import Event, Relayed, TlsRefused
from pullscope.trace.model import Change, Outcome, Pull
from pullscope.trace.trace import Trace

DOCKER_29 = "docker/29.7.2 go/go1.26 os/linux arch/amd64 containerd-client/2.3.3 storage-driver/overlayfs"
DOCKER_20 = "docker/20.10.24 go/go1.19.8 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24 \\(linux\\))"
CONTAINERD = "containerd/2.3.3"
SKOPEO = "skopeo/1.9.3"
CRANE = "crane/0.21.9 go-containerregistry/0.21.9"
REGCTL = "regclient/regctl (v0.8.2)"
BUILDKIT = "buildkit/v0.30"

HUB = "https://registry-1.docker.io"
AUTH = "https://auth.docker.io/token"
CDN = "https://cdn.example.net"

_border = Border()


def sha256(text: str) -> str:
    """The digest of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def challenge_for(repository: str | None, actions: str = "pull", realm: str = AUTH) -> str:
    """What a registry says with a 401."""
    scope = f',scope="repository:{repository}:{actions}"' if repository else ""
    return f'Bearer realm="{realm}",service="registry.docker.io"{scope}'


def token_url(repository: str | None, actions: str = "pull", realm: str = AUTH) -> str:
    """Where a client asks for a token."""
    scope = f"&scope=repository%3A{repository.replace('/', '%2F')}%3A{actions}" if repository else ""
    return f"{realm}?service=registry.docker.io{scope}"


class Wire:
    """One client on the wire."""

    def __init__(
        self, *, agent: str = DOCKER_29, client: str = "10.0.0.1", at: float = 1000.0, lacks: str | None = None
    ) -> None:
        self.events: list[Event] = []
        self.lacks = lacks
        self.agent = agent
        self.client = client
        self.now = at
        self._exchanges = count(1)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def ask(
        self,
        method: str,
        url: str,
        status: int | None = 200,
        *,
        at: float | None = None,
        took: float = 0.01,
        agent: str | None = None,
        token: str | None = None,
        basic: bool = False,
        referer: str | None = None,
        headers: dict[str, str] | None = None,
        sent: str | int | None = None,
        challenge: str | None = None,
        location: str | None = None,
        answer: dict[str, str] | None = None,
        body: str | None = None,
        content: str | None = None,
        size: int | None = None,
        issued: str | None = None,
        miscoded: str | None = None,
        fails: str | None = None,
        ends: bool = True,
        connection: str | None = None,
    ) -> int:
        """One exchange. `body` is a document that is kept, `content` a blob that is only hashed, `size` one that is not.

        `at` is the start, for requests side by side; without it the exchange starts now, and now moves to its end.
        `fails` is how it ended early; without `ends` nothing more was seen. REDACTED in the body stands for the token that
        is `issued`; `connection` is the name of the client's connection. `miscoded`: a coding that the body was said to have.
        """
        start = self.now if at is None else at
        number_ = next(self._exchanges)
        shown = f"Bearer {token}" if token else "Basic dTpw" if basic else ""
        own = {"User-Agent": self.agent if agent is None else agent, "Authorization": shown, "Referer": referer or ""}
        asked = {**own, **(headers or {})}
        if isinstance(sent, str) and not sent.startswith("{"):
            asked["Content-Type"] = "application/x-www-form-urlencoded"
        said = dict(answer or {})
        if method == "HEAD" and status == 200:
            said.setdefault("Content-Length", "any")  # every registry's; `""` is for one that leaves it out
        if challenge is not None:
            said["WWW-Authenticate"] = challenge
        if location is not None:
            said["Location"] = location
        end = start + took
        request = Request(method=method, url=url, headers=Headers({name: text for name, text in asked.items() if text}))
        seen = _border.requested(request, time=start, client=self.client, connection=connection, lacks=self.lacks)
        events: list[Event] = [seen]
        if sent is not None:
            up = Body(length=sent) if isinstance(sent, int) else Body.of(sent.encode(), keep=True)
            events.append(_border.uploaded(seen.exchange, up, time=start + took / 4))
        if status is not None:
            response = Response(status=status, headers=Headers(said))
            events.append(_border.responded(seen.exchange, response, time=start + took / 2))
        if fails is not None:
            events.append(_border.failed(seen.exchange, fails, time=end, length=size))
        elif ends:
            text = body if body is not None else content
            if text is not None and issued is not None:
                text = text.replace("REDACTED", issued)
            down = Body(length=size or 0) if text is None else Body.of(text.encode(), keep=body is not None)
            down = Body(length=down.length, miscoded=miscoded) if miscoded is not None else down
            events.append(_border.finished(seen.exchange, down, time=end))
        self.events += [
            replace(event, exchange=number_) for event in events if not isinstance(event, TlsRefused | Relayed)
        ]
        self.now = max(self.now, end) if at is not None else end
        return number_

    def asks_for_token(
        self, repository: str | None, issued: str, *, agent: str | None = None, actions: str = "pull", realm: str = AUTH
    ) -> None:
        """The token server is asked, and answers."""
        self.ask(
            "GET",
            token_url(repository, actions, realm),
            agent=agent,
            issued=issued,
            body='{"token":"REDACTED","expires_in":300}',
        )

    def follows(self, method: str, urls: Sequence[str], status: int = 307, *, at: float | None = None) -> str:
        """Redirects from each address to the next, as Go sends them; the last address, which is still to be asked."""
        for place, (here, there) in enumerate(pairwise(urls)):
            before = urls[place - 1] if place else None
            self.ask(method, here, status, location=there, referer=before, at=None if at is None else at + place * 0.01)
        return urls[-1]


def merged(wires: Iterable[Wire]) -> list[Event]:
    """The events of several wires in the order of their time, each exchange with a number of its own."""
    numbers = count(1)
    renumbered: list[Event] = []
    for wire in wires:
        own: dict[int, int] = {}
        for event in wire.events:
            assert not isinstance(event, TlsRefused)
            if isinstance(event, Relayed):
                renumbered.append(event)
                continue
            if event.exchange not in own:
                own[event.exchange] = next(numbers)
            renumbered.append(replace(event, exchange=own[event.exchange]))
    return sorted(renumbered, key=lambda event: event.time)


def played(*wires: Wire, finish: bool = True, trace: Trace | None = None) -> Trace:
    """The trace of what went over these wires."""
    trace = trace or Trace()
    for event in merged(wires):
        trace.feed(event)
    if finish:
        trace.finish()
    return trace


def changes_of(*wires: Wire) -> list[Change]:
    """What a viewer is told, from the first event to the end."""
    trace = Trace()
    changes = [change for event in merged(wires) for change in trace.feed(event)]
    return [*changes, *trace.finish()]


def only(trace: Trace) -> Pull:
    """The one pull of a trace."""
    assert [pull.reference for pull in trace.pulls] == [trace.pulls[0].reference]
    return trace.pulls[0]


def settled_by_the_end(lines: Iterable[str]) -> list[str]:
    """Lines of a story without what its end alone tells: action and tag in a header, and of a push's blobs which is which."""
    called = [re.sub(r"^(\d+\| )?[a-z]+ (\d+  .*?)(?:(?<=\w):[\w.-]+)?$", r"\2", line) for line in lines]
    blobs = [re.sub(r"^( *\d+ )(config|blob|layer \d+/\d+) +", r"\1blob ", line) for line in called]
    text = re.sub(r"\n +(?=[a-z])", " ", "\n".join(blobs))  # a closing line that wraps elsewhere
    return re.sub(r"^(complete|failed|incomplete)  a [a-z]+( \w+ \S+)?, ", r"\1  ", text, flags=re.MULTILINE).split(
        "\n"
    )


def told(pull: Pull) -> list[str]:
    """A pull's steps in short words: `resolve 401 200`, `> token 200` below what needed it, `!` before what failed."""
    lines = []
    for step in pull.steps:
        statuses = " ".join("cut" if hop.failed else str(hop.status or "...") for hop in step.hops)
        number_ = f" {step.expectation.number}" if step.expectation and step.expectation.number else ""
        mark = "!" if step.outcome is Outcome.FAILED else ""
        lines.append(f"{'> ' if step.under else ''}{mark}{step.kind}{number_} {statuses}")
    return lines
