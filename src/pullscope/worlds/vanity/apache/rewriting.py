"""mod_rewrite: RewriteRule with its conditions and flags, for a server and for a .htaccess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pullscope.worlds.vanity.apache.tree import State, is_below
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.rules import NotPlayedError

MOST_ROUNDS = 10
STATUS: Mapping[str, int] = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}


def redirect_of(one: Directive) -> tuple[int, list[str]]:
    """The status of a `Redirect` and its like, and its words after that (mod_alias)."""
    status, words = {"redirectpermanent": 301}.get(one.name, 302), one.args
    if one.name in {"redirect", "redirectmatch"} and words and (words[0] in STATUS or words[0].isdigit()):
        status = STATUS.get(words[0], int(words[0][:4]) if words[0].isdigit() else 302)
        words = words[1:]
    return status, words


def rewrites(section: Directive) -> bool:
    """Whether a section has rewrite rules of its own."""
    return bool(section.args) and any(row.name.startswith("rewrite") for row in section.block or [])


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a rule has decided: a status, where to, or (`status` 0) that the path is a file's name."""

    one: Directive
    status: int
    to: str = ""
    fetched: bool = False


@dataclass(slots=True)
class Rewriting:
    """The rewrite rules of one request; `run` is asked once."""

    state: State
    _to: str = ""
    """What the last rule made of the path, with its query."""
    _file: Directive | None = None
    """The rule that has made a file's name of the path."""

    def run(self) -> Rewritten | None:
        """What comes of the rules; None where the other modules go on with the path as it is now."""
        rows = self._flat_rewrites()
        if not any(one.name == "rewriteengine" and one.args[:1] and one.args[0].lower() == "on" for one in rows):
            return None
        for _ in range(MOST_ROUNDS):
            before = self.state.path
            ended = self._rewrite_once(rows)
            if ended is not None:
                return ended
            if not self.state.config.per_directory or self.state.path == before:
                return Rewritten(self._file, 0) if self._file is not None else None
        raise NotPlayedError(rows[0].where, "its rewrite rules have no end")

    def _flat_rewrites(self) -> list[Directive]:
        found = []
        for one in self.state.host.directives:
            if one.name.startswith("rewrite"):
                found.append(one)
            elif one.name == "location" and rewrites(one) and is_below(one.args[-1], self.state.path):
                raise NotPlayedError(one.where, "rewrite rules in <location> are not played")
        return found

    def _rewrite_once(self, rows: list[Directive]) -> Rewritten | None:
        conditions: list[Directive] = []
        for one in rows:
            if one.name == "rewritecond":
                conditions.append(one)
            elif one.name == "rewriterule" and len(one.args) >= 2:
                mine, conditions = conditions, []
                ended = self._rule(one, mine)
                if ended is False:
                    break
                if isinstance(ended, Rewritten):
                    return ended
        return None

    def _rule(self, one: Directive, conditions: list[Directive]) -> Rewritten | bool | None:
        """A decision; False where no further rule is tried; None to go on."""
        flags = _flags(one.args[2] if len(one.args) > 2 else "")
        pattern = one.args[0]
        text = self.state.path.removeprefix("/") if self.state.config.per_directory else self.state.path
        found = self.state.search(pattern.removeprefix("!"), text, one, ignore_case="NC" in flags)
        if (found is None) is not pattern.startswith("!"):
            return None
        groups = dict(found.values) if found is not None else {}
        matched: dict[str, str] = {}
        if not self._all_hold(conditions, groups, matched):
            return None
        if {"C", "S", "N", "CHAIN", "SKIP", "NEXT"} & flags.keys():
            raise NotPlayedError(one.where, f"the flags {one.args[2]} are not played")
        for name, text in re.findall(r"[\[,]\s*(?:E|env)=(\w+):([^,\]]*)", one.args[2] if flags else ""):
            self.state.env[name] = self.state.fill(text, one, groups, matched)
        if "F" in flags or "G" in flags:
            return Rewritten(one, 403 if "F" in flags else 410)
        to = one.args[1]
        if to != "-":
            self._go(self.state.fill(to, one, groups, matched), flags)
            passed_on = self.state.config.per_directory or {"PT", "PASSTHROUGH"} & flags.keys()
            self._file = None if passed_on else one
        if "P" in flags:
            return Rewritten(one, 200, self._to, fetched=True)
        if "R" in flags or self._to.startswith(("http://", "https://")):
            status = flags.get("R", "302") or "302"
            code = STATUS.get(status, int(status) if status.isdigit() and len(status) == 3 else 302)
            if not 300 <= code < 400:
                return Rewritten(one, code)
            location = self._to if "://" in self._to[:9] else f"https://{self.state.request.host}{self._to}"
            return Rewritten(one, code, location)
        return False if {"L", "END", "LAST"} & flags.keys() else None

    def _go(self, filled: str, flags: Mapping[str, str]) -> None:
        base, mark, query = filled.partition("?")
        if mark:
            query = f"{query}&{self.state.query}" if "QSA" in flags and self.state.query else query
        elif "QSD" not in flags:
            query = self.state.query
        full = base if base.startswith("/") or "://" in base[:9] else f"/{base}"
        self._to = f"{full}?{query}" if query else full
        if "://" not in base[:9]:
            self.state.path, self.state.query = full, query

    def _all_hold(self, conditions: list[Directive], groups: Mapping[str, str], matched: dict[str, str]) -> bool:
        alternative = False
        for one in conditions:
            flags = _flags(one.args[2] if len(one.args) > 2 else "")
            is_or = "OR" in flags or "ORNEXT" in flags
            if alternative:
                # An earlier one of these alternatives holds.
                alternative = is_or
                continue
            holds = self._holds(one, flags, groups, matched)
            if holds and is_or:
                alternative = True
            elif not holds and not is_or:
                return False
        return True

    def _holds(
        self, one: Directive, flags: Mapping[str, str], groups: Mapping[str, str], matched: dict[str, str]
    ) -> bool:
        if len(one.args) < 2:
            raise NotPlayedError(one.where, "this RewriteCond is not complete")
        wanted = one.args[1]
        if wanted.lstrip("!") in {"-f", "-d", "-s", "-l", "-F", "-U"}:
            # No file is taken to be under /v2/: a registry's paths are not files of a site.
            if wanted.lstrip("!") in {"-f", "-d", "-s", "-l"}:
                return wanted.startswith("!")
            raise NotPlayedError(one.where, f"{wanted} is not played")
        if one.args[0] == "expr":
            raise NotPlayedError(one.where, "expr is not played")
        text = self.state.fill(one.args[0], one, groups, matched)
        negated = wanted.startswith("!")
        wanted = wanted.removeprefix("!")
        if wanted[:1] in {"=", "<", ">"}:
            if wanted[0] != "=":
                raise NotPlayedError(one.where, f"{wanted[0]} is not played")
            return (text == wanted[1:].strip('"')) is not negated
        found = self.state.search(wanted, text, one, ignore_case="NC" in flags)
        if found is not None and not negated:
            matched.update(found.values)
        return (found is not None) is not negated


def _flags(text: str) -> dict[str, str]:
    """`[R=302,L]` as names in upper case with their values."""
    inside = text.strip("[]")
    return {
        name.strip().upper(): value for name, _, value in (part.partition("=") for part in inside.split(",")) if name
    }
