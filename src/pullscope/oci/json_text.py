"""JSON of a stranger: what is not JSON, is nested too deep or has an integer of thousands of digits is read as nothing."""

from __future__ import annotations

import json
from typing import Any


def read_json(text: bytes | str) -> Any:
    """The value that it spells; None where it spells none, or null."""
    try:
        return json.loads(text if isinstance(text, str) else text.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def read_object(text: bytes | str) -> dict[str, Any]:
    """The members of an object; none of anything else."""
    read = read_json(text)
    return read if isinstance(read, dict) else {}
