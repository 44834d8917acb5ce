"""`pullscope scrub`: a flow file that may be attached to an issue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from pullscope.cli.exits import Complaint, say, speaking
from pullscope.cli.source import Source, begin_of, is_flow_file, is_recording, name_of, open_source
from pullscope.oci.amounts import count
from pullscope.oci.verdicts import ExitCode


@speaking
def scrub(
    file: Annotated[
        str,
        typer.Argument(
            metavar="IN|-", help="A flow file of mitmproxy, or a log such as `crane -v` makes; - for stdin."
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where to write; an existing file is not overwritten.")],
) -> None:
    """Take secrets and blobs out of a flow file or a log, so that it can be attached to an issue.

    pullscope scrub flows.mitm safe.mitm
    pullscope scrub crane.log safe.jsonl

    Of a log (HAR, crane -v, skopeo --debug and others) a recording is written. Names of images and hosts stay, and so does
    your address where the registry named it: read the result first (pullscope report safe.mitm).
    """
    if str(out) == "-":
        raise Complaint("scrub writes a file that only you can read: name one instead of -.", ExitCode.USAGE)
    if out.is_file():
        raise Complaint(f"{out} exists and is not overwritten; name another file.")
    from pullscope.mitm.private_file import private_file

    with open_source(file) as source:
        head = begin_of(source)
        if not head:
            raise Complaint(f"{name_of(file)} is empty.")
        if is_recording(head):
            raise Complaint(f"{name_of(file)} is a recording (.jsonl): it contains no secrets.")
        try:
            with private_file(out) as target:
                if is_flow_file(head):
                    _scrub_flows(source, target, name_of(file), out)
                else:
                    _scrub_log(source, target, name_of(file), out)
        except OSError as error:
            raise Complaint(f"cannot write {out}: {error.strerror}.") from None


def _scrub_flows(source: BinaryIO, target: BinaryIO, name: str, out: Path) -> None:
    from pullscope.mitm.scrub import scrub as scrub_flows

    done = scrub_flows(source, target, name=name)
    if not done.kept:
        raise Complaint(done.problem or f"{name} holds no registry traffic; nothing was written.")
    if done.problem:
        say(f"note: {done.problem}")
    more = f", {done.left_out} that are not registry traffic left out" if done.left_out else ""
    say(f"wrote {out}: {done.kept} flows{more}. It still contains names of images and hosts.")


def _scrub_log(source: BinaryIO, target: BinaryIO, name: str, out: Path) -> None:
    """Write what a log shows as a recording; the border takes the secrets out."""
    from pullscope.trace.events import Requested
    from pullscope.trace.recording import first_line, to_line

    reader = Source(name, source)
    requests = 0
    target.write(f"{first_line(made_by='pullscope scrub')}\n".encode())
    for event in reader.events():
        requests += isinstance(event, Requested)
        target.write(f"{to_line(event)}\n".encode())
    if not requests:
        raise Complaint(reader.problem or f"{name} shows no request; nothing was written.")
    for note in filter(None, (reader.lacks, reader.problem)):
        say(f"note: {note}")
    say(f"wrote {out}: {count(requests, 'request')}. It still contains names of images and hosts.")
