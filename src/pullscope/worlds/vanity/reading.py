"""From a path to a `RuleFile`, which may follow its file: the only file in this room that opens rule files.

It is handed strangers' files: what is too big, no text, no regular file or not understood is refused with one sentence that
names the file (ValueError). Everything after that is text and goes to the readers.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pullscope.oci.bounds import writable
from pullscope.worlds.vanity.blocks import Directive, Includes, printed
from pullscope.worlds.vanity.config_tree import read_toml
from pullscope.worlds.vanity.kinds.netlify import merge, read_netlify_redirects
from pullscope.worlds.vanity.not_read import OWN_FORM, form_of
from pullscope.worlds.vanity.platform import Kind, Read, Statements
from pullscope.worlds.vanity.platforms import FILES, PLATFORMS
from pullscope.worlds.vanity.rules import RuleFile, refused, unplayed
from pullscope.worlds.vanity.targets import is_url

# The largest netlify.toml in Netlify's own tests has 45,000 rules; a megabyte is more than any platform deploys.
MAX_BYTES = 4 * 1024 * 1024
MAX_RULES = 10_000
MAX_PUBLISHED = 5_000

_NOT_PUBLISHED = {".git", "node_modules", ".netlify", ".vercel", ".wrangler"}


def read_rules(path: str | Path, platform: str | None = None, env: Mapping[str, str] | None = None) -> RuleFile:
    """The rules in the file at `path`, of the platform that its name tells unless one is given.

    `env` are the values of environment variables, for a platform that fills them in.
    """
    path = Path(path)
    text = _text(path)
    which = platform or _platform(path, text)
    kind = PLATFORMS[which]
    if isinstance(kind.read, Statements):
        return _with_includes(path, text, kind, kind.read, env or {})
    rules = parse_rules(kind.with_values(text, env or {}), path.name, which)
    if which == "netlify":
        return _netlify_site(rules, path, text)
    return _published(rules, path, path.parent) if kind.has_site else replace(rules, sources=(str(path),))


def _with_includes(path: Path, text: str, kind: Kind, server: Statements, env: Mapping[str, str]) -> RuleFile:
    """A server's configuration with the files that it takes in and that lie in its folder."""

    def statements(text: str, name: str) -> list[Directive]:
        return server.statements(writable(kind.with_values(text, env)), name)

    def of_file(one: Path, name: str) -> list[Directive] | None:
        try:
            text = _text(one)
        except ValueError:
            return None
        return statements(text, name)

    top = statements(text, path.name)
    files = Includes(path.parent, server.includes, of_file, printed=printed(text, top))
    top = next(iter(files.printed.values()), top)
    every = files.resolved(top, (path.resolve(),))
    rules = _rule_file(server.of_statements(every, path.name), path.name, kind.id)
    return replace(rules, sources=(str(path), *(str(one) for one in files.sources)))


def parse_rules(
    text: str, name: str, platform: str, *, published: Iterable[str] = (), not_found: bytes | None = None
) -> RuleFile:
    """The same from a text; `published` are the paths of the site's own files. Opens nothing."""
    read = PLATFORMS[platform].read(writable(text), name)  # a variable of the environment may be no text
    return replace(_rule_file(read, name, platform), published=frozenset(published), not_found=not_found)


def _rule_file(read: Read, name: str, platform: str) -> RuleFile:
    kept, remarks = list(read.rules), list(read.remarks)
    if read.play is None:
        # A server's configuration names what it fetches as it plays; a list of rules is one of URLs.
        kept = [rule for rule in kept if rule.target is None or is_url(rule.target)]
        remarks.extend(
            refused(
                rule.where,
                f"{rule.target} is not a URL, so this rule is left out.",
                "correct the target: https://HOST/path",
            )
            for rule in read.rules
            if rule.target is not None and not is_url(rule.target)
        )
        remarks.extend(
            refused(
                rule.line_of("to", "destination"),
                f"{rule.target} names a host without https://, so it is a path on this site.",
                f"write https://{rule.target.lstrip('/')}",
            )
            for rule in kept
            if rule.target is not None and _HOST_WITHOUT_SCHEME.match(rule.target)
        )
    if len(kept) > MAX_RULES:
        raise ValueError(f"{name}: {len(kept)} rules are more than pullscope tries ({MAX_RULES})")
    hosts = (one for rule in kept for one in rule.conditions if one.kind == "host" and not one.regex)
    named = {value for one in hosts for value in one.values}
    return RuleFile(
        platform=platform,
        name=name,
        rules=tuple(kept),
        remarks=tuple(remarks),
        trailing_slash=read.trailing_slash,
        clean_urls=read.clean_urls,
        play=read.play,
        hosts=read.hosts | named,
        foreign=read.foreign,
    )


def _bytes(path: Path, most: int, flags: int = 0) -> bytes:
    """The beginning of a regular file; ValueError for anything else, OSError where it cannot be read."""
    # Without blocking: opening a named pipe would otherwise wait for a writer.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | flags)
    try:
        if not stat.S_ISREG(mode := os.fstat(handle).st_mode):
            what = "a directory; name a file in it" if stat.S_ISDIR(mode) else "not a regular file"
            raise ValueError(f"{path} is {what}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)


def _text(path: Path) -> str:
    try:
        content = _bytes(path, MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path.name} is larger than {MAX_BYTES // 2**20} MiB; that is not a rule file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not text: byte {error.start + 1} is not UTF-8") from error
    if "\0" in text:
        raise ValueError(f"{path.name} is not text: it holds a NUL byte")
    return text.replace("\r\n", "\n")


def _platform(path: Path, text: str) -> str:
    name = path.name.lower()
    claiming = [kind for kind in PLATFORMS.values() if kind.is_file(name, text)]
    if not claiming or claiming[0].turn:
        form = form_of(name, text)
        if form is not None:
            raise ValueError(f"{path.name} is {form.what}, which pullscope does not read: {form.instead}")
    if claiming:
        return _dialect_of_redirects(path) if "_redirects" in name else claiming[0].id
    raise ValueError(
        f"{path.name}: which platform's rules are these? pullscope knows {FILES}; name one with --platform. Of another "
        f"server's, {OWN_FORM}"
    )


_HOST_WITHOUT_SCHEME = re.compile(
    r"/{0,2}(?:[a-z0-9-]+\.)*(?:docker\.io|ghcr\.io|gcr\.io|quay\.io|pkg\.dev|amazonaws\.com|azurecr\.io|k8s\.io)(?:[:/]|$)"
)


def _dialect_of_redirects(path: Path) -> str:
    """Both platforms read a file of this name. A neighbour tells; else it is taken as Netlify's, who invented it."""
    beside = {path.parent, path.parent.parent}
    if any(
        (folder / name).exists() for folder in beside for name in ("wrangler.toml", "wrangler.json", "wrangler.jsonc")
    ):
        return "cloudflare"
    return "netlify"


def _netlify_site(rules: RuleFile, path: Path, text: str) -> RuleFile:
    """A netlify.toml brings the `_redirects` of its publish folder, which comes first, and the site's files."""
    if not path.name.endswith(".toml"):
        return _published(rules, path, path.parent)
    build = read_toml(text, path.name).get("build", {})
    given = [build.get(key) for key in ("base", "publish")] if isinstance(build, dict) else []
    inside = [part for part in given if isinstance(part, str)]
    site = path.parent.joinpath(*(part.lstrip("/") for part in inside))
    if ".." in site.parts or not site.is_dir():
        nowhere = f"the publish folder {'/'.join(inside)} is not there"
        message = f"{nowhere} (not built yet?): no file can shadow a rule here."
        more = [unplayed(rules.name, message, severity="info")] if inside else []
        return replace(rules, remarks=(*rules.remarks, *more), sources=(str(path),))
    beside = site / "_redirects"
    if beside.is_file():
        first, said = read_netlify_redirects(_text(beside), "_redirects")
        merged, doubles = merge(first, rules.rules)
        rules = replace(rules, rules=tuple(merged), remarks=(*rules.remarks, *said, *doubles))
    return _published(rules, path, site, beside)


def _published(rules: RuleFile, path: Path, folder: Path, *more: Path) -> RuleFile:
    """The rules with the files of the folder that is published."""
    files, not_found = _site(folder)
    return replace(rules, published=files, not_found=not_found, sources=(str(path), *(str(one) for one in more)))


def _site(folder: Path) -> tuple[frozenset[str], bytes | None]:
    """The paths of the files in the publish folder, and its 404.html. Links are not followed."""
    found: set[str] = set()
    for top, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in _NOT_PUBLISHED)
        inside = Path(top).relative_to(folder).as_posix()
        prefix = "/" if inside == "." else f"/{inside}/"
        found.update(prefix + name for name in files)
        if len(found) > MAX_PUBLISHED:
            # A site this large is not a landing page; what matters here is what lies under /v2/.
            folders.clear()
    return frozenset(found), _page(folder / "404.html")


def _page(path: Path) -> bytes | None:
    """The beginning of a page that clients will be sent: a regular file, never what a link leads to."""
    try:
        return _bytes(path, 65536, getattr(os, "O_NOFOLLOW", 0))
    except (OSError, ValueError):
        return None


SECONDS_BETWEEN_LOOKS = 1.0

Signature = tuple[tuple[int, int, int] | None, ...]


class FollowedRules:
    """The rules of one file, as they are now. ValueError where the file is not a rule file to begin with."""

    def __init__(self, path: str | Path, *, clock: Callable[[], float], platform: str | None = None) -> None:
        self._path = Path(path)
        self._platform = platform
        self._clock = clock
        self.rules = read_rules(self._path, platform)
        self._seen = self._signature()
        self._looked = clock()

    @property
    def name(self) -> str:
        return self._path.name

    def has_changed(self) -> bool:
        """One stat for each of its files, at most once a second; True where reading them again is worth it."""
        now = self._clock()
        if 0 <= now - self._looked < SECONDS_BETWEEN_LOOKS:
            return False
        self._looked = now
        signature = self._signature()
        if signature == self._seen:
            return False
        self._seen = signature
        return True

    def reload(self) -> str | None:
        """Reads the file again; keeps the old rules where it cannot, and says why."""
        try:
            self.rules = read_rules(self._path, self._platform)
        except ValueError as error:
            return f"{error}. The rules from before stay in use."
        return None

    def _signature(self) -> Signature:
        return tuple(_stat(path) for path in (str(self._path), *self.rules.sources[1:]))


def _stat(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - once a second in a proxy's event loop: no Path is built for it
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
