"""What the models of clients share: whom they pull for, how a pull ends, and which manifest and blobs of an image are wanted.

What a client asks, with which headers and tokens and in which words it fails, is its own file's. Which entry of an index it
takes is containerd/platforms compare.go, `Only`: the same os and architecture; for arm the wanted variant or an older one, the
newest of those first; no variant of arm64 means v8, of arm v7.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from pullscope.oci.digest import Digest
from pullscope.oci.documents import Descriptor, Index, Manifest, Platform
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.bearer import Login
from pullscope.worlds.clients.go_http import GoError
from pullscope.worlds.clients.steps import Outcome, PullFailedError, Steps

LINUX_AMD64 = Platform(os="linux", architecture="amd64")


@dataclass(kw_only=True)
class ImagePull(ABC):
    """One client's pull of one reference. `present` are the blobs that it has already."""

    reference: Reference
    platform: Platform = LINUX_AMD64
    present: Container[Digest] = frozenset()
    login: Login | None = None
    """That of the reference's host, unless the client's file says otherwise."""
    _resolved: Digest | None = field(default=None, init=False)

    @property
    def _wanted(self) -> str:
        return str(self.reference.digest or self.reference.tag or "latest")

    def _url(self, path: str) -> str:
        return f"https://{self.reference.api_host}/v2/{self.reference.repository}/{path}"

    @property
    def _familiar_name(self) -> str:
        """As people type it."""
        return f"{self.reference.registry}/{self.reference.repository}".removeprefix("docker.io/").removeprefix(
            "library/"
        )

    @abstractmethod
    def pull(self) -> Steps[Outcome]:
        """All of it, from the first request to the last."""

    def _ended(self, work: Steps[None], sentence: str = "") -> Steps[Outcome]:
        """Do all of the work; `sentence` is said where it went well."""
        try:
            yield from work
        except (PullFailedError, GoError) as failed:
            return Outcome(pulled=False, digest=self._resolved, message=self._told(failed))
        return Outcome(pulled=True, digest=self._resolved, message=sentence)

    def _told(self, failed: PullFailedError | GoError) -> str:
        """The sentence on a failure."""
        return str(failed)

    def _entry(self, index: Index, otherwise: str) -> Descriptor:
        """The manifest for the platform; PullFailedError in these words where the index has none."""
        entry = choose(index, self.platform)
        if entry is None or entry.digest is None:
            raise PullFailedError(otherwise)
        return entry

    def _missing(self, blobs: Iterable[Descriptor]) -> list[Descriptor]:
        """Each blob once, without those that are there."""
        return [blob for digest, blob in {blob.digest: blob for blob in blobs}.items() if digest not in self.present]


def config_of(document: Index | Manifest, otherwise: str) -> tuple[Manifest, Descriptor]:
    """An image's manifest and its config; PullFailedError in these words where the document is not one."""
    if not isinstance(document, Manifest) or document.config is None:
        raise PullFailedError(otherwise)
    return document, document.config


_DEFAULT_VARIANT = {"arm64": "v8", "arm": "v7"}


def choose(index: Index, wanted: Platform) -> Descriptor | None:
    """The entry for `wanted`; attestations never match, their platform is unknown/unknown."""
    matching = [entry for entry in index.manifests if entry.platform is not None and _matches(entry.platform, wanted)]
    # Of equals, the first in the index.
    return max(matching, key=lambda entry: _variant(entry.platform), default=None)


def _matches(offered: Platform, wanted: Platform) -> bool:
    if (offered.os, offered.architecture) != (wanted.os, wanted.architecture):
        return False
    older = wanted.architecture == "arm" and _variant(offered) < _variant(wanted)
    return older or _variant(offered) == _variant(wanted)


def _variant(platform: Platform | None) -> str:
    if platform is None:
        return ""
    return platform.variant or _DEFAULT_VARIANT.get(platform.architecture, "")
