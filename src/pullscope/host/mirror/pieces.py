"""A text file in which lines are put in or replaced, and what each piece was before, for an undo after others edited it."""

from __future__ import annotations

from pullscope.host.change_list import Parts


class Pieces:
    """A file by its lines; edits name the lines of the text as it was and are made from the last one up."""

    def __init__(self, parts: Parts, path: str) -> None:
        self._parts, self._path = parts, path
        before = parts.recorded.before(path)
        self.content = before.content.decode("utf-8", "surrogateescape") if before.is_file else ""
        """As it would be without us."""
        self.lines = self.content.splitlines(keepends=True)
        self._edits: list[tuple[int, int, str]] = []
        self._end = ""

    def replace(self, span: tuple[int, int], text: str) -> None:
        """The lines `first` to `last` become `text`."""
        self._edits.append((span[0] - 1, span[1], text))

    def before(self, line: int, text: str) -> None:
        """`text` above a line, and above the comments that stand directly over it."""
        at = line - 1
        while at and self.lines[at - 1].lstrip().startswith("#"):
            at -= 1
        self._edits.append((at, at, text))

    def after(self, line: int, text: str) -> None:
        self._edits.append((line, line, text))

    def append(self, text: str) -> None:
        """`text` at the end, an empty line before it."""
        self._end += f"\n{text}"

    def done(self) -> None:
        """Put the change into the plan, with what is ours and what it stands for by turns; nothing where nothing is edited."""
        lines, claims = list(self.lines), []
        for start, end, text in sorted(self._edits, reverse=True):
            theirs = "".join(lines[start:end])
            ours = text if text.endswith("\n") else f"{text}\n"
            if start and not lines[start - 1].endswith("\n"):
                ours = f"\n{ours}"
            lines[start:end] = [ours]
            claims += [ours, theirs]
        whole = "".join(lines)
        if self._end:
            ours = self._end if not whole or whole.endswith("\n") else f"\n{self._end}"
            ours = ours if whole else ours.lstrip("\n")
            whole += ours
            claims += [ours, ""]
        if claims:
            self._parts.file(self._path, "pieces", whole.encode("utf-8", "surrogateescape"), claims=tuple(claims))
