"""`pullscope scrub`: a flow file that may be attached to an issue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pullscope.cli.exits import Complaint, say, speaking
from pullscope.cli.source import name_of, open_source, peek_at


@speaking
def scrub(
    file: Annotated[str, typer.Argument(metavar="IN.mitm|-", help="A flow file of mitmproxy; - for stdin.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.mitm", help="Where to write; an existing file is left alone.")],
) -> None:
    """Take secrets and blobs out of a flow file, so that it can be attached to an issue.

    \b
    pullscope scrub flows.mitm safe.mitm

    Names of images and hosts stay, and so does your address where the registry named it: read the result first
    (pullscope report safe.mitm).
    """
    if out.is_file():
        raise Complaint(f"{out} exists and is not overwritten.")
    from pullscope.mitm.private_file import private_file
    from pullscope.mitm.scrub import scrub as scrub_flows

    with open_source(file) as source:
        head = peek_at(source)
        if not head:
            raise Complaint(f"{name_of(file)} is empty.")
        if not head.isdigit():
            raise Complaint(
                f"{name_of(file)} is no mitmproxy flow file; a recording (.jsonl) has no secrets to begin with."
            )
        try:
            with private_file(out) as target:
                done = scrub_flows(source, target, name=name_of(file))
                if not done.kept:
                    raise Complaint(done.problem or f"{name_of(file)} holds no registry traffic; nothing was written.")
        except OSError as error:
            raise Complaint(f"cannot write {out}: {error.strerror}.") from None
    if done.problem:
        say(f"note: {done.problem}")
    more = f", {done.left_out} that are no registry traffic left out" if done.left_out else ""
    say(f"wrote {out}: {done.kept} flows{more}. Names of images and hosts are still in it.")
