"""A change as data, and how it is taken back: by looking at what is there now, never by remembering alone.

`take_back` compares the path with what was there before and with what we put there. A change made since by others
stays and only ours goes; one merge function per kind of file, in a table. Doing it twice does
nothing more, which is what makes undo safe after a crash at any point of `on` and of `off` itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pullscope.host import HostError, daemon_json, hosts_file
from pullscope.host.journal_document import Entry
from pullscope.host.tree import ABSENT, Snapshot, Tree

PROXIES_CLAIM = "proxies="
"""Before the JSON of the `proxies` value that we put into daemon.json; the other claims there are registries."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One path and what it will be: a file with bytes, or a directory."""

    entry: Entry
    after: Snapshot

    @property
    def path(self) -> str:
        return self.entry.path


CREATED = "removed (pullscope had created it)"

LISTS = {"daemon-json": daemon_json.INSECURE, "docker-mirrors": daemon_json.MIRRORS}
"""The kinds of entries that are lists of daemon.json, and the key of each."""

Tell = Callable[[str], None]
"""Is handed one line for the user."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """An entry that could not be taken back, and why, as the end of a sentence."""

    entry: Entry
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenBack:
    """What became of one path: a line for the user. `touched` is false where nothing had to be done."""

    path: str
    words: str
    touched: bool = True
    foreign: bool = False
    """Whether a change by others was found there and left."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file(
    path: str,
    kind: str,
    before: Snapshot,
    content: bytes,
    *,
    mode: int = 0o644,
    claims: tuple[str, ...] = (),
    interim: tuple[bytes, ...] = (),
) -> Change:
    """A file that gets `content`; one that exists keeps its mode and owner. `interim` are further contents of ours."""
    if not (before.absent or before.is_file):
        raise HostError(
            f"{path} is a symbolic link or not a plain file; change what it points to by hand. Nothing changed."
        )
    after = Snapshot.ours("file", mode, content)
    if before.is_file:
        after = replace(after, mode=before.mode, uid=before.uid, gid=before.gid)
    ours = tuple(sha256(item) for item in (content, *interim))
    return Change(
        entry=Entry(path=path, kind=kind, before=before, ours=ours, mode=after.mode, claims=claims), after=after
    )


def apply(tree: Tree, change: Change) -> None:
    """Make it so; nothing is written where it is so already."""
    if change.after.kind == "directory":
        tree.make_directory(change.path, change.after.mode)
        return
    now = tree.look(change.path)
    if now.is_file and now.content == change.after.content and now.mode == change.after.mode:
        return
    tree.write(change.path, change.after)


def take_back(tree: Tree, entry: Entry) -> TakenBack:
    """Undo one entry. What cannot be told apart from the work of others stays, and is named."""
    if entry.kind == "directory":
        return _take_back_directory(tree, entry)
    tree.clean(entry.path)
    now = tree.look(entry.path)
    after, words, foreign = _undone(entry, now)
    if after.absent and not now.absent:
        tree.remove(entry.path)
    elif after is not now:
        tree.write(entry.path, after)
    return TakenBack(path=entry.path, words=words, touched=after is not now, foreign=foreign)


def _undone(entry: Entry, now: Snapshot) -> tuple[Snapshot, str, bool]:
    """What a file becomes, which is `now` where nothing has to be done; that in words; whether others changed it."""
    if replace(now, mtime_ns=0) == replace(entry.before, mtime_ns=0) and (now.is_file or now.absent):
        return now, "as it was", False
    if now.absent:
        return now, "already removed", True
    if not now.is_file:
        return now, "replaced since (not a plain file any more), left alone", True
    if sha256(now.content) in entry.ours:
        return _restored(entry, now)
    rest, words = MERGES[entry.kind](now.content, entry)
    if rest is None:
        return ABSENT, words, False
    if rest == now.content:
        return now, words, True
    if entry.before.is_file and rest == entry.before.content:
        return _restored(entry, now)
    return replace(now, content=rest, mtime_ns=0), words, True


def take_all_back(tree: Tree, entries: Sequence[Entry], tell: Tell) -> tuple[Left, ...]:
    """Undo `entries`, the last first. One that fails keeps no other from being undone; those are returned, in order."""
    left: list[Left] = []
    for entry in reversed(entries):
        below = [item.entry.path for item in left if item.entry.path.startswith(f"{entry.path}/")]
        if entry.kind == "directory" and below:
            left.append(Left(entry=entry, why=f"{entry.path} is needed for {below[0]}"))
            continue
        try:
            done = take_back(tree, entry)
        except HostError as error:
            left.append(Left(entry=entry, why=str(error)))
            continue
        if done.touched or done.foreign:
            tell(f"{done.path}  {done.words}")
    return tuple(reversed(left))


def result_of(entry: Entry, now: Snapshot) -> bytes | None:
    """What a file will hold after `take_back`; None: it will be gone."""
    after = _undone(entry, now)[0]
    return after.content if after.is_file else None


def _restored(entry: Entry, now: Snapshot) -> tuple[Snapshot, str, bool]:
    if entry.before.absent:
        return ABSENT, CREATED, False
    mode = now.mode if now.mode != entry.mode else entry.before.mode
    wanted = replace(entry.before, mode=mode, uid=now.uid, gid=now.gid)
    if wanted != entry.before:
        return wanted, "restored; mode or owner changed since, kept", True
    return wanted, "restored", False


def _take_back_directory(tree: Tree, entry: Entry) -> TakenBack:
    now = tree.look(entry.path)
    if now.absent:
        return TakenBack(path=entry.path, words="as it was", touched=False)
    if now.kind == "directory" and tree.remove_directory(entry.path):
        return TakenBack(path=entry.path, words=CREATED)
    added = f"kept: {', '.join(tree.names(entry.path)[:3])} was added to it"
    words = added if now.kind == "directory" else "not a directory any more, left alone"
    return TakenBack(path=entry.path, words=words, touched=False, foreign=True)


def _without_lines(content: bytes, entry: Entry) -> tuple[bytes | None, str]:
    """A text file of ours that was edited: our lines (the claims) go; what is only headers and comments goes too."""
    ours = {line.encode() for line in entry.claims}
    lines = [line for line in content.splitlines(keepends=True) if line.startswith(b"[") or line.strip() not in ours]
    telling = [line for line in lines if line.strip() and not line.strip().startswith((b"#", b";", b"["))]
    if not telling and entry.before.absent:
        return None, f"{CREATED}; a later change to our lines went with it"
    if not telling:
        return entry.before.content, "restored"
    words = ", ".join(line.strip().decode("utf-8", "replace").partition("=")[0] for line in telling[:3])
    return b"".join(lines), f"our lines removed; {words}, added or changed since, kept"


def _without_listed(content: bytes, entry: Entry) -> tuple[bytes | None, str]:
    """daemon.json: only the registries or mirrors that we named go, and our `proxies`."""
    key = LISTS[entry.kind]
    try:
        before = daemon_json.read(entry.before.content) if entry.before.is_file else {}
        hosts = tuple(claim for claim in entry.claims if not claim.startswith(PROXIES_CLAIM))
        rest = daemon_json.remove_listed(content, key, hosts, keep_empty=key in before)
        proxies = next((claim for claim in entry.claims if claim.startswith(PROXIES_CLAIM)), None)
        present = daemon_json.read(rest).get(daemon_json.PROXIES)
        then_proxies = daemon_json.PROXIES in before
        if proxies and then_proxies and present == json.loads(proxies.removeprefix(PROXIES_CLAIM)):
            rest = daemon_json.set_member(rest, daemon_json.PROXIES, before[daemon_json.PROXIES])
        now, then = daemon_json.read(rest), before
    except (ValueError, RecursionError) as error:
        return content, f"{error}: changed since, left alone; remove our entries by hand"
    if not now and entry.before.absent:
        return None, CREATED
    new = [key for key in now if key not in then or now[key] != then[key]]
    theirs = ", ".join(json.dumps(key[:100]) for key in new[:10]) or "a change"
    gone = ", ".join((*hosts, "our proxies") if proxies else hosts)
    return rest, f"{gone} taken out; {theirs}, changed since, kept"


def _without_pieces(content: bytes, entry: Entry) -> tuple[bytes | None, str]:
    """A text file in which pieces were put in or replaced: the claims are ours and theirs by turns."""
    rest, lost = content, 0
    for ours, theirs in zip(entry.claims[::2], entry.claims[1::2], strict=True):
        if rest.count(ours.encode()) == 1:
            rest = rest.replace(ours.encode(), theirs.encode())
        else:
            lost += 1
    if lost:
        return content, "changed since where our lines were, left alone; remove them by hand"
    if not rest.strip() and entry.before.absent:
        return None, CREATED
    return rest, "our lines removed; changed since, the rest kept"


def _without_block(content: bytes, entry: Entry) -> tuple[bytes | None, str]:
    rest = hosts_file.remove_block(content)
    if rest == content:
        lost = "lost its end" if hosts_file.BEGIN.encode() in content else "no longer exists"
        return content, f"our block {lost}, left alone"
    if not rest and entry.before.absent:
        return None, CREATED
    return rest, "our block removed; changed since, the rest kept"


MERGES: dict[str, Callable[[bytes, Entry], tuple[bytes | None, str]]] = {
    # In a directory of our own, so that no change by others is in it.
    "own": lambda _, entry: (None, CREATED) if entry.before.absent else (entry.before.content, "restored"),
    "lines": _without_lines,
    "certificate": lambda content, _: (content, "replaced since, left alone"),
    **dict.fromkeys(LISTS, _without_listed),
    "pieces": _without_pieces,
    "hosts": _without_block,
}
"""How a file that was changed since loses only what is ours."""
