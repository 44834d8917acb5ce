"""docs/registries.md, made from the table. Nothing is said here that is not in a row."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.known_registries import HOUR, KNOWN, PLAIN_LOGIN
from pullscope.worlds.registries.row import Asks, Blobs, Elsewhere, Fact, Registry, Said, Tokens
from pullscope.worlds.registries.table import REGISTRIES

_PREFACE = """\
# Registries as they are

<!-- Made by `PULLSCOPE_REWRITE=1 pytest tests/worlds/registries`: change src/pullscope/worlds/registries, not this page. -->

What each registry does on the wire, with the source of each fact. The sample registry can play each of them:

```sh
pullscope demo --registry ghcr
pullscope demo --registry ecr --list-faults
pullscope demo --registry ecr --fault ecr-login-expired
mitmdump -s addons/sample_registry.py --set pullscope_registry=ghcr
```

- `vanity try` uses the row of the registry that the rules lead to.
- A fact that is not known is not played: the sample then answers as distribution 2.8 does, and redirects with 307 where the
  source shows no status.
- In a trace, roles and findings come from what a host did, not from its name. Only the login command of a fix is looked up here.
- A date without a day is the month in which the source was read, or the most exact date that the source gives.
"""

_TITLES = {
    "anonymous": "Without a login",
    "asks": "Asks for credentials",
    "tokens": "Token server",
    "scopes": "Unknown scope",
    "refusal": "Refuses a scope with",
    "wrong_login": "Wrong login",
    "blobs": "Blobs",
    "manifests": "Manifests",
    "rate_limit": "Rate limit",
    "head": "HEAD",
    "ranges": "Range",
    "body_limit": "Limit of bodies",
}


def page() -> str:
    return "\n".join(
        (_PREFACE, *_overview(), "", *_logins(), *(line for row in REGISTRIES.values() for line in _row(row)))
    )


def _overview() -> Iterator[str]:
    yield "| Registry | Without a login | Unknown scope | Blobs |"
    yield "|---|---|---|---|"
    for row in REGISTRIES.values():
        scopes = "no token server" if row.tokens is None else "not known" if row.scopes is None else row.scopes.value
        yield f"| [{row.name}](#{row.id}) `{row.id}` | {row.anonymous.value} | {scopes} | {_where(row)} |"


def _where(row: Registry) -> str:
    if row.blobs is None:
        return "not known; played as 200 from the registry"
    blobs = row.blobs.value
    if not blobs.path:
        return "200 from the registry"
    return f"{blobs.status} to {f'`{blobs.host}`' if blobs.host else 'its own host'}"


def _logins() -> Iterator[str]:
    yield "## How to log in"
    yield ""
    yield "Findings quote these commands. For any other registry they say `docker login HOST`."
    yield ""
    yield "| Registry | Command | Valid for | Source |"
    yield "|---|---|---|---|"
    for known in KNOWN.values():
        if known.login not in (None, PLAIN_LOGIN):
            life = "not known" if known.login_life is None else f"{known.login_life // HOUR} h"
            yield f"| {known.name} | `{known.login.replace('|', chr(92) + '|')}` | {life} | {_link(known.source)} |"
    yield ""


def _row(row: Registry) -> Iterator[str]:
    yield f'## <a id="{row.id}"></a>{row.name}'
    yield ""
    yield f"`--registry {row.id}`, played as `{row.host}`."
    yield ""
    for field, title in _TITLES.items():
        fact = getattr(row, field)
        if isinstance(fact, Fact):
            yield f"- **{title}**: {_said(fact.value)} ({_cited(fact.source, fact.date)})"
    unknown = [title for field, title in _TITLES.items() if getattr(row, field) is None and _could(row, field)]
    if unknown:
        yield f"- Not known: {', '.join(unknown)}."
    for fault in row.faults:
        yield f"- `--fault {fault.value.code}`: {fault.value.title} ({_cited(fault.source, fault.date)})"
    yield ""


def _could(row: Registry, field: str) -> bool:
    """Whether there could be something to know: a registry without a token server refuses no scope."""
    if field in {"scopes", "refusal"}:
        return row.tokens is not None
    if field == "wrong_login":
        return row.asks is not None
    return field not in {"asks", "tokens", "manifests"}


def _said(value: object) -> str:
    if isinstance(value, Asks):
        return _asks(value)
    if isinstance(value, Tokens):
        return _tokens(value)
    if isinstance(value, Blobs):
        return _blobs(value)
    if isinstance(value, Said):
        return _words(value)
    if isinstance(value, Elsewhere):
        return f"{value.status} to `https://{value.host}{value.prefix}/…`"
    return str(value)


def _asks(asks: Asks) -> str:
    parts = [f"`/v2/` {', '.join(f'`{line}`' for line in asks.ping)}"] if asks.ping else ["`/v2/` is 200"]
    if asks.other and asks.other != asks.ping:
        parts.append(f"other paths {', '.join(f'`{line}`' for line in asks.other)}")
    if not asks.other:
        parts.append("other paths are open")
    if asks.refused is not None:
        parts.append(f"after insufficient credentials {', '.join(f'`{line}`' for line in asks.refused)}")
    if asks.head_always:
        parts.append("HEAD without credentials is refused even where GET is open")
    parts.append(f"body {_words(asks.says)}" if asks.says is not None else "body not known")
    return "; ".join(parts)


def _tokens(tokens: Tokens) -> str:
    expires = "no `expires_in`" if tokens.expires_in is None else f"`expires_in` {tokens.expires_in}"
    life = "not known" if tokens.life is None else f"{tokens.life} s"
    post = {None: "not known", True: "accepted", False: "not accepted"}[tokens.post]
    names = ", ".join(f"`{name}`" for name in tokens.fields)
    whole = "" if tokens.named else "; a token is valid for every repository"
    return f"`{tokens.realm}` answers {names}, {expires}; valid for: {life}; POST {post}{whole}"


def _blobs(blobs: Blobs) -> str:
    if not blobs.path:
        return "200 from the registry"
    where = f"`https://{blobs.host}`" if blobs.host else "the registry's own host"
    names = ", ".join(f"`{part.partition('=')[0]}`" for part in blobs.query.split("&") if part)
    signer = (
        "signed by: not known"
        if blobs.signer is None
        else f"signed by {blobs.signer}"
        if blobs.signer
        else "not signed"
    )
    life = f", valid for {blobs.life} s" if blobs.life is not None else ", lifetime not known" if blobs.signer else ""
    head = "" if blobs.head else "; HEAD is answered by the registry"
    return f"{blobs.status} to {where}{f' with {names}' if names else ''}, {signer}{life}{head}"


def _words(said: Said) -> str:
    code = f"{said.code}: " if said.code else ""
    message = said.message.strip().replace("<", "&lt;")
    return f"{said.status} {said.form.value.partition(';')[0]} “{code}{message}”"


def _cited(sources: str, date: str) -> str:
    links = ", ".join(_link(source) for source in sources.split() if source.startswith("https://"))
    return f"{links}, {date}"


def _link(source: str) -> str:
    address = source.split()[0]
    short = address.removeprefix("https://").removeprefix("github.com/")
    if "/blob/" in short:
        repository, _, path = short.partition("/blob/")
        short = f"{repository} {path.rpartition('/')[2]}"
    for kind in ("/issues/", "/pull/"):
        short = short.replace(kind, "#")
    return f"[{short.rstrip('/')}]({address})"
