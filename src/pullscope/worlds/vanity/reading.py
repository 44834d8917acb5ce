"""From a path to a `RuleFile`: the only file in this room that opens rule files.

It is handed strangers' files: what is too big, no text, no regular file or not understood is refused with one sentence that
names the file (ValueError). Everything after that is text and goes to the readers.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pullscope.worlds.vanity.caddy.reading import read_caddyfile
from pullscope.worlds.vanity.cloudflare import read_cloudflare_redirects
from pullscope.worlds.vanity.netlify import merge, read_netlify_redirects, read_netlify_toml
from pullscope.worlds.vanity.nginx.reading import read_nginx
from pullscope.worlds.vanity.own import read_rewrites
from pullscope.worlds.vanity.rules import Platform, Remark, RuleFile
from pullscope.worlds.vanity.targets import is_url
from pullscope.worlds.vanity.vercel import read_vercel_json

# The largest netlify.toml in Netlify's own tests has 45,000 rules; a megabyte is more than any platform deploys.
MAX_BYTES = 4 * 1024 * 1024
MAX_RULES = 10_000
MAX_PUBLISHED = 5_000

_NOT_PUBLISHED = {".git", "node_modules", ".netlify", ".vercel", ".wrangler"}


def read_rules(path: str | Path, platform: Platform | None = None) -> RuleFile:
    """The rules in the file at `path`, of the platform that its name tells unless one is given."""
    path = Path(path)
    text = _text(path)
    which = platform or _platform(path, text)
    rules = parse_rules(text, path.name, which)
    if which is Platform.NETLIFY:
        return _netlify_site(rules, path, text)
    if which in {Platform.CLOUDFLARE, Platform.VERCEL}:
        files, not_found = _site(path.parent)
        return _replace(rules, path, files, not_found)
    return _replace(rules, path, frozenset(), None)


def parse_rules(
    text: str, name: str, platform: Platform, *, published: Iterable[str] = (), not_found: bytes | None = None
) -> RuleFile:
    """The same from a text; `published` are the paths of the site's own files. Opens nothing."""
    slash, clean, play = None, False, None
    match platform:
        case Platform.NETLIFY:
            reader = read_netlify_toml if name.endswith(".toml") else read_netlify_redirects
            found, remarks = reader(text, name)
            found, doubles = merge(found, [])
            remarks = [*remarks, *doubles]
        case Platform.CLOUDFLARE:
            found, remarks = read_cloudflare_redirects(text, name)
        case Platform.VERCEL:
            read = read_vercel_json(text, name)
            found, remarks, slash, clean = read.rules, read.remarks, read.trailing_slash, read.clean_urls
        case Platform.CADDY:
            found, remarks, play = read_caddyfile(text, name)
        case Platform.NGINX:
            found, remarks, play = read_nginx(text, name)
        case Platform.REWRITE:
            found, remarks = read_rewrites(text, name)
    kept = [rule for rule in found if rule.target is None or play is not None or is_url(rule.target)]
    remarks.extend(
        Remark(
            where=rule.where,
            code="rule-invalid",
            severity="error",
            message=f"{rule.target} is no URL, so this rule is left out.",
            fix="Correct the target: https://HOST/path.",
        )
        for rule in found
        if rule.target is not None and play is None and not is_url(rule.target)
    )
    found = kept
    if len(found) > MAX_RULES:
        raise ValueError(f"{name}: {len(found)} rules are more than pullscope tries ({MAX_RULES})")
    return RuleFile(
        platform=platform,
        name=name,
        rules=tuple(found),
        published=frozenset(published),
        remarks=tuple(remarks),
        trailing_slash=slash,
        clean_urls=clean,
        not_found=not_found,
        play=play,
    )


def _replace(rules: RuleFile, path: Path, files: frozenset[str], not_found: bytes | None, *more: Path) -> RuleFile:
    return replace(rules, published=files, not_found=not_found, sources=(str(path), *(str(one) for one in more)))


def _text(path: Path) -> str:
    try:
        # Without blocking: opening a named pipe would otherwise wait for somebody to write into it.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise ValueError(f"{path.name} is not a regular file")
        with os.fdopen(handle, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path.name} is larger than {MAX_BYTES // 2**20} MiB; that is no rule file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not text: byte {error.start + 1} is no UTF-8") from error
    if "\0" in text:
        raise ValueError(f"{path.name} is not text: it holds a NUL byte")
    return text.replace("\r\n", "\n")


def _platform(path: Path, text: str) -> Platform:
    name = path.name.lower()
    if name.endswith("vercel.json"):
        return Platform.VERCEL
    if "caddyfile" in name or name.endswith(".caddy"):
        return Platform.CADDY
    if name.endswith((".conf", ".nginx")) or name == "nginx":
        return Platform.NGINX
    if name.endswith(".toml"):
        return _platform_of_toml(text)
    if name.startswith("_redirects") or name.endswith("_redirects"):
        return _dialect_of_redirects(path)
    raise ValueError(
        f"{path.name}: which platform's rules are these? pullscope knows netlify.toml, _redirects, vercel.json, Caddyfile, "
        "*.conf of nginx and a .toml with [[rewrite]]; name one with --platform"
    )


def _platform_of_toml(text: str) -> Platform:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        # The reader words the complaint, with the line.
        return Platform.NETLIFY
    return Platform.REWRITE if "rewrite" in document and "redirects" not in document else Platform.NETLIFY


def _dialect_of_redirects(path: Path) -> Platform:
    """Both platforms read a file of this name. A neighbour tells; else it is taken as Netlify's, who invented it."""
    beside = {path.parent, path.parent.parent}
    if any(
        (folder / name).exists() for folder in beside for name in ("wrangler.toml", "wrangler.json", "wrangler.jsonc")
    ):
        return Platform.CLOUDFLARE
    return Platform.NETLIFY


def _netlify_site(rules: RuleFile, path: Path, text: str) -> RuleFile:
    """A netlify.toml brings the `_redirects` of its publish folder, which comes first, and the site's files."""
    folder = path.parent
    if not path.name.endswith(".toml"):
        files, not_found = _site(folder)
        return _replace(rules, path, files, not_found)
    build = tomllib.loads(text).get("build", {})
    publish = build.get("publish") if isinstance(build, dict) else None
    base = build.get("base") if isinstance(build, dict) else None
    inside = [part for part in (base, publish) if isinstance(part, str)]
    site = folder.joinpath(*(part.lstrip("/") for part in inside))
    remarks: list[Remark] = list(rules.remarks)
    if ".." in site.parts or not site.is_dir():
        if inside:
            message = (
                f"the publish folder {'/'.join(inside)} is not there (not built yet?): no file can shadow a rule here."
            )
            remarks.append(Remark(where=rules.name, code="rule-unsupported", severity="info", message=message))
        return _replace(_with(rules, remarks), path, frozenset(), None)
    files, not_found = _site(site)
    beside = site / "_redirects"
    if not beside.is_file():
        return _replace(_with(rules, remarks), path, files, not_found, beside)
    first, more = read_netlify_redirects(_text(beside), "_redirects")
    merged, doubles = merge(first, rules.rules)
    both = RuleFile(platform=rules.platform, name=rules.name, rules=tuple(merged), remarks=(*remarks, *more, *doubles))
    return _replace(both, path, files, not_found, beside)


def _with(rules: RuleFile, remarks: list[Remark]) -> RuleFile:
    return replace(rules, remarks=tuple(remarks))


def _site(folder: Path) -> tuple[frozenset[str], bytes | None]:
    """The paths of the files in the publish folder, and its 404.html. Links are not followed."""
    found: set[str] = set()
    for top, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in _NOT_PUBLISHED)
        inside = Path(top).relative_to(folder).as_posix()
        prefix = "/" if inside == "." else f"/{inside}/"
        found.update(prefix + name for name in files)
        if len(found) > MAX_PUBLISHED:
            # A site this large is no landing page; what matters here is what lies under /v2/.
            folders.clear()
    return frozenset(found), _page(folder / "404.html")


def _page(path: Path) -> bytes | None:
    """The beginning of a page that clients will be sent: a regular file, never what a link leads to."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    try:
        return os.read(handle, 65536) if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(handle)
