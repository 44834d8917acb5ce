"""Credentials that are known by their form, wherever they stand: tokens that their issuers gave a prefix, private keys, JWTs.

One table; a form that is searched for begins with a word that few texts hold, so that a text without any is passed quickly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TAIL = r"[A-Za-z0-9_-]{6,}+"

FORMS: Mapping[str, tuple[str, ...]] = {
    # docs.github.com, "About authentication to GitHub", token formats
    "GitHub": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    # docs.gitlab.com, "GitLab token overview", token prefixes
    "GitLab": (
        *("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-"),
        *("glimt-", "glagent-", "gloas-", "glsoat-", "glffct-"),
    ),
    # docs.docker.com, personal and organization access tokens
    "Docker": ("dckr_pat_", "dckr_oat_"),
    # docs.aws.amazon.com, IAM identifiers, unique ID prefixes
    "AWS": ("AKIA", "ASIA", "ABIA", "ACCA"),
    "npm": ("npm_",),
    "Slack": ("xoxa-", "xoxb-", "xoxc-", "xoxd-", "xoxe-", "xoxp-", "xoxr-", "xoxs-", "xapp-"),
    "Google": ("AIza", "ya29.", "GOCSPX-"),
    "PyPI": ("pypi-AgE",),
    "Hugging Face": ("hf_",),
    "HashiCorp": ("hvs.", "hvb.", "hvr."),
    "DigitalOcean": ("dop_v1_", "doo_v1_", "dor_v1_"),
    "Stripe, OpenAI": ("sk_live_", "sk-"),
}
"""By who gives them out: the words that they begin with."""

_BEGINNINGS = tuple(word for words in FORMS.values() for word in words)
_KEY = "-----BEGIN "
_UPPER = frozenset(FORMS["AWS"])
_SHORT = frozenset({"hf_", "sk-"})
"""Beginnings that other words have too: what follows must be long."""

_PATTERN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(
        re.escape(word) + (r"[A-Z0-9]{8,}+" if word in _UPPER else r"[A-Za-z0-9_-]{20,}+" if word in _SHORT else _TAIL)
        for word in _BEGINNINGS
    )
    + r")"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL)


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Finds one of these; grouped by their first character, for that is how `re` is quick."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[0], []).append(re.escape(word[1:]))
    return re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in groups.items()))


_HINT = _any_of((*_BEGINNINGS, _KEY))


def has_known_form(text: str) -> bool:
    """Whether a text may hold one; seldom wrong, and quick."""
    return _HINT.search(text) is not None


def without_known_forms(text: str, gone: str) -> str:
    """The text with `gone` in the place of each."""
    if not has_known_form(text):
        return text
    text = _PATTERN.sub(gone, text)
    return _PRIVATE_KEY.sub(gone, text) if _KEY in text else text
