"""Codes that only a rule file shows; `pullscope vanity lint` finds them, and here is what is to be known of each."""

from __future__ import annotations

from inspect import cleandoc

from pullscope.trace.findings.row import Row

OPEN_TO_ALL_REPOSITORIES = Row(
    code="open-to-all-repositories",
    shows="a catch-all serves every image of the upstream under the domain",
    severities="warning",
    suffers="you",
    remedy="name the organisation in the rule",
    rules="netlify",
    known=cleandoc(
        """
            /v2/* https://ghcr.io/v2/:splat 302

        The rule is asked for an unknown repository. More in [vanity domains](vanity-domains.md).
        """
    ),
)

REDIRECT_UNSUPPORTED_STATUS = Row(
    code="redirect-unsupported-status",
    shows="307 or 308 in a Netlify file",
    severities="error",
    suffers="all",
    remedy="redirect with 302",
    rules="netlify",
    known=cleandoc(
        """
            /v2/ https://ghcr.io/v2/ 302
            /v2/org/* https://ghcr.io/v2/org/:splat 307

        Netlify's production answered 404: netlify/cli#427, netlify-playground#35 (2019; nothing later was found).
        """
    ),
)

RULE_UNREACHABLE = Row(
    code="rule-unreachable",
    shows="an earlier rule always wins",
    severities="warning",
    suffers="all",
    remedy="move the rule up",
    rules="netlify",
    known=cleandoc(
        """
            /v2/ https://ghcr.io/v2/ 302
            /v2/org/* https://ghcr.io/v2/org/:splat 302
            /v2/org/app/* https://ghcr.io/v2/org/app/:splat 302

        Each rule is asked with examples of its own paths.
        """
    ),
)

RULE_UNSUPPORTED = Row(
    code="rule-unsupported",
    shows="a key or form that the platform or pullscope does not honour",
    severities="warning",
    suffers="all",
    remedy="write it in a form that is supported",
    rules="netlify",
    known=cleandoc(
        """
            /v2/ https://ghcr.io/v2/ 302
            /v2/org/* https://ghcr.io/v2/org/:splat 302
            /v2/beta/* https://ghcr.io/v2/beta/:splat 302 Country=ch

        What each platform honours, and what is played of it, is in [vanity domains](vanity-domains.md).
        """
    ),
)

RULE_INVALID = Row(
    code="rule-invalid",
    shows="a line that the platform refuses",
    severities="error",
    suffers="all",
    remedy="write it as the platform does",
    rules="cloudflare",
    known=cleandoc(
        """
            /v2/ https://ghcr.io/v2/ 302
            /v2/org/* https://ghcr.io/v2/org/:splat 302
            /v2/beta/* https://ghcr.io/v2/beta/:splat 200

        Which lines Cloudflare skips is in its parser (cloudflare/workers-sdk, parseRedirects.ts).
        """
    ),
)
