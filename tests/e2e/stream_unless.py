"""For mitmdump's -s: plain streaming and nothing else, or none for as long as the file of `holds_while` is there."""

from __future__ import annotations

from pathlib import Path

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader


def load(loader: Loader) -> None:
    loader.add_option("holds_while", str, "", "Bodies are held while this file is there.")


def responseheaders(flow: http.HTTPFlow) -> None:
    if flow.response:
        flow.response.stream = not Path(ctx.options.holds_while).exists()
