"""Codes that only a rule file shows; `pullscope vanity lint` finds them, and here is what is to be known of each."""

from __future__ import annotations

from pullscope.trace.findings.row import Case, row


@row(
    severities="warning",
    suffers="you",
    remedy="name the organisation in the rule",
    rules="netlify",
)
def open_to_all_repositories(_: Case) -> None:
    """A catch-all serves every image of the upstream under the domain.

        /v2/* https://ghcr.io/v2/:splat 302

    The rule is asked for an unknown repository. More in [vanity domains](vanity-domains.md).
    """


@row(
    remedy="redirect with 302",
    rules="netlify",
)
def redirect_unsupported_status(_: Case) -> None:
    """307 or 308 in a Netlify file.

        /v2/ https://ghcr.io/v2/ 302
        /v2/org/* https://ghcr.io/v2/org/:splat 307

    Netlify's production answered 404: netlify/cli#427, netlify-playground#35 (2019; nothing later was found).
    """


@row(
    severities="warning",
    remedy="move the rule up",
    rules="netlify",
)
def rule_unreachable(_: Case) -> None:
    """An earlier rule always wins.

        /v2/ https://ghcr.io/v2/ 302
        /v2/org/* https://ghcr.io/v2/org/:splat 302
        /v2/org/app/* https://ghcr.io/v2/org/app/:splat 302

    Each rule is asked with examples of its own paths.
    """


@row(
    severities="warning",
    remedy="write it in a form that is supported",
    rules="netlify",
)
def rule_unsupported(_: Case) -> None:
    """A key or form that the platform or pullscope does not honour.

        /v2/ https://ghcr.io/v2/ 302
        /v2/org/* https://ghcr.io/v2/org/:splat 302
        /v2/beta/* https://ghcr.io/v2/beta/:splat 302 Country=ch

    What each platform honours, and what is played of it, is in [vanity domains](vanity-domains.md).
    """


@row(
    remedy="write it as the platform does",
    rules="cloudflare",
)
def rule_invalid(_: Case) -> None:
    """A line that the platform refuses.

        /v2/ https://ghcr.io/v2/ 302
        /v2/org/* https://ghcr.io/v2/org/:splat 302
        /v2/beta/* https://ghcr.io/v2/beta/:splat 200

    Which lines Cloudflare skips is in its parser (cloudflare/workers-sdk, parseRedirects.ts).
    """
