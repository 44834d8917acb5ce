"""What reading commands share: a recording, flow file or log by name or from stdin, the pulls chosen, where output goes."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pullscope.cli.exits import Complaint
from pullscope.cli.unpacked import unpacked
from pullscope.oci.amounts import count
from pullscope.oci.plain import plain
from pullscope.oci.scrub import redact_text
from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from pullscope.trace.events import Event
    from pullscope.trace.model import Pull
    from pullscope.trace.trace import Trace

MOST_NEW = 100_000
"""Objects that are made between two looks of the garbage collector while flows are read, or a report is made."""


MESSAGE = "this message"


def name_of(file: str) -> str:
    """What sentences call the input."""
    return "standard input" if file == "-" else MESSAGE if is_message(file) else file


def is_message(file: str) -> bool:
    """Whether it is no file, but what a client said when it failed."""
    from pullscope.logs import forms

    return (
        " " in file and not is_there(file) and forms.form_of(forms.decoded(file.encode(errors="replace"))) is not None
    )


def is_there(file: str) -> bool:
    return os.path.exists(file)  # noqa: PTH110 - Path.exists raises for what is longer than names may be


def open_source(file: str) -> BinaryIO:
    """The input; a complaint where it cannot be read."""
    if file == "-":
        return unpacked(sys.stdin.buffer, name_of(file))
    if not file:
        raise Complaint("the name of the input is empty: name a file, or - for standard input.", ExitCode.USAGE)
    if is_message(file):
        return io.BufferedReader(io.BytesIO(file.encode(errors="replace")))
    try:
        return unpacked(Path(file).open("rb"), name_of(file))
    except IsADirectoryError:
        raise Complaint(f"{file} is a directory; name a .mitm or .jsonl file in it.") from None
    except OSError as error:
        shown = plain(" ".join(redact_text(file).split()) if " " in file else redact_text(file), 300)
        if " " in file and not isinstance(error, PermissionError):
            raise Complaint(
                f"{shown!r} is neither a file nor a message of an error. Paste the whole message."
            ) from None
        raise Complaint(f"cannot read {shown}: {error.strerror}.") from None


def read_trace(file: str) -> tuple[Trace, str | None]:
    """The whole trace of a file, and a sentence on what could not be read, or could not be told."""
    from pullscope.trace.trace import Trace

    untold = Untold()
    trace = Trace(on_error=untold.add)
    seen = 0
    with open_source(file) as source:
        # What is read of a recording is kept; only mitmproxy's flows go round in circles, and would be kept all.
        most_new = MOST_NEW if is_flow_file(begin_of(source)) else 0
        reader = Source(name_of(file), source)
        with few_collections(most_new):
            for event in reader.events():
                seen += 1
                trace.feed(event)
            changes = trace.finish(cut_off=reader.cut_off, at=reader.connected_at)
            gc.freeze()  # it is kept to the end, when Python would look through all of it for a quarter of the time
    if not seen and reader.problem:
        raise Complaint(reader.problem)
    problem = reader.problem
    if problem is None and reader.cut_off and any(one.pull and one.pull.outcome == "incomplete" for one in changes):
        problem = f"{name_of(file)} has no end: what was in progress there may have continued."
    return trace, " ".join(filter(None, (reader.lacks, problem, untold.said))) or None


@contextlib.contextmanager
def few_collections(most_new: int = MOST_NEW) -> Iterator[None]:
    """Python looks for what to collect once in so many new objects, or never: a trace is kept whole, and looking through it
    again and again is a quarter of the time."""
    before = gc.get_threshold()
    if before[0]:  # else it was turned off
        gc.set_threshold(most_new, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Untold:
    """Errors of ours: one that we do not understand must not hide what the others say."""

    def __init__(self, first: Callable[[str], None] = lambda _sentence: None) -> None:
        """`first` is told of each kind of error, once."""
        self._errors: dict[str, int] = {}
        self._first = first

    def add(self, error: Exception) -> None:
        """Count one; its own message may quote the wire."""
        name = type(error).__name__
        self._errors[name] = self._errors.get(name, 0) + 1
        if self._errors[name] == 1:
            self._first(f"something was not understood ({name}) and is not in the story; {_BUG}")

    @property
    def said(self) -> str | None:
        """What is missing, in a sentence."""
        number = sum(self._errors.values())
        if not number:
            return None
        were, which = ("1 thing was", "it is") if number == 1 else (f"{number} things were", "they are")
        return f"{were} not understood ({', '.join(self._errors)}) and {which} not in the story; {_BUG}"


_BUG = "this is a bug, please report it."


class Source:
    """Events from a file of any kind, told apart by how it begins; afterwards what is wrong with it, and what it lacks."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._file = file
        self.problem: str | None = None
        self.lacks: str | None = None
        self.cut_off = False
        self.connected_at: float | None = None

    def events(self) -> Iterator[Event]:
        from pullscope.trace.events import Requested
        from pullscope.trace.recording import NotARecordingError, Reader
        from pullscope.trace.source_gaps import said

        head = begin_of(self._file)
        if not head:
            self.problem = f"{self._name} is empty."
            return
        if is_flow_file(head):
            from pullscope.mitm.flow_file import FlowFile

            flows = FlowFile(self._name)
            yield from flows.events(self._file)
            self.problem, self.cut_off = flows.problem, flows.cut_off
            return
        if not is_recording(head):
            yield from self._of_log()
            return
        lines = Reader(self._name)
        try:
            for event in lines.read(self._file):
                if self.lacks is None and isinstance(event, Requested) and event.lacks is not None:
                    self.lacks = said(event.lacks) or None
                yield event
        except NotARecordingError as error:
            raise Complaint(str(error)) from None
        self.problem, self.cut_off, self.connected_at = lines.problem, lines.cut_off, lines.connected_at

    def _of_log(self) -> Iterator[Event]:
        from pullscope.logs import forms

        head = self._file.read(forms.HEAD)
        form = forms.form_of(forms.decoded(head))
        if form is None:
            raise Complaint(f"{self._name} {forms.untold(forms.decoded(head))}.")
        try:
            found = forms.events(form, head, self._file)
        except ValueError as error:
            raise Complaint(f"{self._name} looks like {form.name} and could not be read ({error}).") from None
        self.lacks = f"{form.says} {forms.beside(form, forms.decoded(head))}".rstrip()
        if not found:
            what = "" if self._name == MESSAGE else f" ({form.name})"
            self.problem = f"{self._name}{what} {form.empty(forms.decoded(head))}."
        yield from found


_FLOW = re.compile(rb"\d+(?::|$)(?! |\d\d:\d\d[. ])")
"""How a flow file begins: a tnetstring, its length first (mitmproxy/io/tnetstring.py); a time of day is not one, nor a tag that
docker says it pulls (`24: Pulling from ...`)."""


def is_flow_file(head: bytes) -> bool:
    """Whether an input that begins so is a flow file."""
    return _FLOW.match(head) is not None


def is_recording(head: bytes) -> bool:
    """Whether the first line is that of a recording, of whatever version."""
    line = head.lstrip().partition(b"\n")[0]
    return line[:1] == b"{" and re.search(rb'"event"\s*:\s*"recording"', line[:1000]) is not None


def begin_of(file: BinaryIO) -> bytes:
    """The first bytes, still to be read."""
    peek = getattr(file, "peek", None)
    return bytes(peek(1000)[:1000]) if peek is not None else b""


def choose(trace: Trace, number: int | None, *, failed: bool) -> list[Pull]:
    """The pulls that were asked for."""
    from pullscope.trace.unseen_hosts import went_wrong

    pulls = [pull for pull in trace.pulls if not failed or went_wrong(pull)]
    if number is None:
        return pulls
    chosen = [pull for pull in pulls if pull.id == number]
    if not chosen:
        raise Complaint(f"there is no pull {number} in this recording of {count(len(trace.pulls), 'pull')}.")
    return chosen


def keep_input(file: str, out: Path | None) -> None:
    """A complaint where the output would take the place of the input; asked before that is read."""
    try:
        source = os.fstat(sys.stdin.fileno()) if file == "-" else Path(file).stat()
        same = out is not None and stat.S_ISREG(source.st_mode) and os.path.samestat(source, out.stat())
    except (OSError, ValueError):  # one of them is not there
        return
    if same:
        raise Complaint(f"{out} is the recording itself; name another file.")


def put(text: str, out: Path | None, *, force: bool = False) -> None:
    """To stdout, or to a file that is the owner's alone."""
    if out is None:
        if text.startswith("<") and hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(
                encoding="utf-8"
            )  # HTML and XML say that they are, and a page has the hash of its script
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from pullscope.mitm.private_file import write_private

    try:
        write_private(out, text, force=force)
    except FileExistsError:
        raise Complaint(f"{out} exists and is not overwritten; use --force to replace it.") from None
    except OSError as error:
        raise Complaint(f"cannot write {out}: {error.strerror}.") from None
