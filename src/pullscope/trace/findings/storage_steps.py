"""What is to be done where the storage behind a registry, or another host that it names, does not give what it is asked for."""

from __future__ import annotations

import re

from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint
from pullscope.oci.text_table import heads
from pullscope.oci.urls import host_of, path_of
from pullscope.oci.whereabouts import is_inside, is_local, is_loopback, where_it_is
from pullscope.trace.findings.advice import DRIVER
from pullscope.trace.findings.answers import Answer, look_at_the_log
from pullscope.trace.findings.case import REFUSALS, Case
from pullscope.trace.findings.compared import kept_address, realm_lost
from pullscope.trace.findings.connections import address_in, failure, homes
from pullscope.trace.findings.login_commands import own_address, registry_at
from pullscope.trace.findings.said import front, says, words
from pullscope.trace.model import Hop

_OF_STORAGE = r"""
# cloud.google.com/storage/docs/xml-api/reference-status
UserProject\w+|billing account
    have the owner of that project mend its billing (console.cloud.google.com/billing): until then {host} serves nothing of it
Anonymous caller|PublicAccessNotPermitted
    let {by} sign the addresses that it hands out, or let everyone read that bucket: {host} does not serve everyone
# kubernetes/k8s.io#2028
not available in your (?:location|country)
    pull through a network or a mirror elsewhere: {host} takes the address of {client} for one of a place that it does not serve
# learn.microsoft.com, "Configure Azure Storage firewalls": those words are the network's, not the signature's
AuthorizationFailure
    {account}
AccountIsDisabled
    have the subscription that {bucket} belongs to enabled again: {host} is switched off
# docs.aws.amazon.com/AmazonS3/latest/userguide, troubleshoot-403-errors, restoring-objects; AmazonS3/latest/API/ErrorResponses
kms:\w+|KMS\.
    allow kms:Decrypt on the key of that bucket to the role that {by} signs with
no VPC endpoint policy
    {endpoint}
no (?:identity|resource|session)-based policy|no permissions boundary
    allow s3:GetObject on that bucket to the role that {by} signs with
explicit deny|no service control policy
    change the policy that denies it, as those words name it: it is one of the bucket, of the organization or of the endpoint
InvalidObjectState|storage class
    restore the objects (aws s3api restore-object), and take the rule off that bucket that archives them
# docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses; alibabacloud.com/help/en/oss, "Error codes": distribution#4175
ExpiredToken|TokenRefreshRequired|SecurityTokenExpired|provided token|security token
    {temporary}
# learn.microsoft.com, "Create a user delegation SAS": testdouble/azure-blob#14, treeverse/lakeFS#9986
key time frame
    {delegated}
InvalidAccessKeyId|\b(?:key|user) id you provided|Credential is mal-?formed|access key must be provided|NoCredentialProviders
    |no valid providers|refresh cached credentials
    {key}
# docs.aws.amazon.com, CloudFront, "Specify signers": commitdev/zero#287, jasonsims/aws-cloudfront-sign#74, docker/docs#12198
Unknown Key\b
    {pair}
Missing Key-Pair-Id
    {unsigned}
Malformed(?:Policy|Signature)
    {malformed}
# CloudFront says it with a small d, S3 and MinIO do not, Google with a full stop: repost.aws, "How do I troubleshoot issues
# related to a signed URL or signed cookies in CloudFront?"
(?-i:AccessDenied Access denied)$
    {ended}
PermanentRedirect|region '?[\w-]+'? is wrong|IncorrectEndpoint
    set the region of the bucket in the storage settings of {by} (storage.s3.region in distribution): it signs for another
"""
"""What a storage says, and the step, where that is another than its status tells."""
_STEPS_OF_STORAGE = [(re.compile(words, re.IGNORECASE), " ".join(step)) for words, step in heads(_OF_STORAGE)]
OF_ITS_KEYS = (
    r"ExpiredToken|TokenRefreshRequired|(?:provided|security) ?token|key time frame|InvalidAccessKeyId|id you provided"
    r"|Unknown Key\b"
)
KEYS = re.compile(OF_ITS_KEYS, re.IGNORECASE)
"""Words of the key that an address was signed with: the registry's own, which no client can change."""
_OWN = {
    "account": "let the network of {client} in: az storage account network-rule add --account-name {bucket} --ip-address ADDRESS",
    "endpoint": "allow s3:GetObject on arn:aws:s3:::{bucket}/* in the policy of the VPC endpoint that {client} goes through: "
    "aws ec2 modify-vpc-endpoint --vpc-endpoint-id ID --policy-document file://POLICY",
}
"""What lets a network in, where the storage is one's own."""
_SIGNS = {
    "temporary": "renew the temporary credentials that {by} signs with: restart it, update it, or give it a key without an end "
    "(below storage in distribution); these words are of its key, not of the address's own time",
    "delegated": "let {by} get a new user delegation key from {host} (one lives 7 days at most): restart it, or update it",
    "key": "correct the key in the storage settings of {by} (below storage in distribution), or the role it runs with: {host} "
    "does not take what it shows",
    "pair": "have {by} sign with a key pair that {host} trusts (middleware.storage.cloudfront in distribution: keypairid and "
    "privatekey), or put its public key into a key group of that CloudFront distribution",
    "malformed": "keep the query of the addresses that {by} signs as it is on the way to {host}; if nothing changes it, correct "
    "privatekey, keypairid and duration (middleware.storage.cloudfront in distribution)",
    "ended": "set the clock of {by} by NTP, and let it sign for longer than a pull waits (duration of "
    "middleware.storage.cloudfront in distribution); where CloudFront at {host} says so at once, correct its baseurl and the "
    "privatekey of its keypairid",
    "unsigned": "have {by} sign the addresses at {host} (middleware.storage.cloudfront in distribution), or let what is in front "
    "of it keep their query",
}
"""What mends the key of one's own registry."""
_S3 = re.compile(r"([\w.-]+)\.s3[.-]")
_SECRET = re.compile(
    r"SignatureDoesNotMatch|signature we calculated|AuthenticationFailed|failed to authenticate the request|invalid_grant",
    re.IGNORECASE,
)
"""S3's, Azure's and Google's words for a secret that is not the key's."""
_BUCKET = re.compile(r"bucket|container", re.IGNORECASE)


_SIGNATURE = re.compile(r"[?&](?:X-(?:Amz|Goog)-)?(?:Signature|Key-Pair-Id|sig)=REDACTED", re.IGNORECASE)


def is_signed(url: str) -> bool:
    """Whether an address is one of a storage, which is good for who has it: S3, Google, CloudFront, Azure."""
    return _SIGNATURE.search(url) is not None


def handed_out_by(hop: Hop) -> str:
    """The host that named the address of a hop: in a redirect, or as the place of an upload."""
    if hop.follows is not None:
        return hop.follows.host
    return hop.step.after.last.host if hop.step.after is not None else "the registry"


def is_storages_own(case: Case, there: str) -> bool:
    """Whether a registry hands an upload on to its storage, by a signed address, and that says itself why it does not take it."""
    return is_signed(there) and any(hop.host == host_of(there) and (hop.status or 0) >= 400 for hop in case.hops)


def of_redirects(case: Case, host: str) -> str:
    """Where a registry's redirects to its storage are switched off."""
    known = registry_at(case, host)
    return (known.step("redirect") if known is not None else None) or "storage.redirect.disable in distribution"


def told_by_storage(case: Case, hop: Hop) -> str | None:
    """The step that a storage's own words ask for, also where the registry hands them on."""
    handed_on = (hop.status or 0) >= 500 and bool(hop.errors)
    step = next(
        (step for told, step in _STEPS_OF_STORAGE if told.search(words(hop) if handed_on else hop.said or "")), None
    )
    by, there = (hop.host, "its storage") if handed_on else (handed_out_by(hop), hop.host)
    names = {"by": by, "host": there, "client": case.client, "bucket": hop.host.partition(".")[0]}
    own = {name: _of_a_network(by) or way.format(**names) for name, way in _OWN.items()}
    own |= {name: _of_its_keys(by) or way.format(**names) for name, way in _SIGNS.items()}
    return step and step.format(**own, **names)


def _of_a_network(by: str) -> str | None:
    """What who pulls can change where a known registry's storage refuses a network: the storage itself is not theirs."""
    known = known_registry(by)
    return known.step("network") if known is not None else None


def _of_its_keys(by: str) -> str | None:
    known = known_registry(by)
    again = "start the pull again, for a new address; if it keeps failing, see"
    return f"{again} {known.status}: it is signed with a key of {known.name}, not yours" if known is not None else None


def _of_its_own(one: Answer) -> str | None:
    """What a registry hands on of its storage's words, as its own failure: distribution/distribution#1288, #2033, #4175."""
    if one.status < 500 or one.hosted is not None or not (says(one.hop, DRIVER) or says(one.hop, _SECRET)):
        return None
    changed = f"correct the secret key in the storage settings of {one.host} (below storage in distribution)"
    way = f"{changed}, and let what is between it and its storage change neither Host nor path"
    return told_by_storage(one.case, one.hop) or (way if says(one.hop, _SECRET) else None)


def of_storage(one: Answer) -> str | None:
    """What a registry's storage does not give."""
    hop, by = one.hop, handed_out_by(one.hop)
    if one.code != "cdn-failed":
        return _of_its_own(one)
    if (step := told_by_storage(one.case, hop)) is not None:
        return step
    if hop.status is None:
        through = f"run curl -v https://{hop.host}/ here, and allow that host in the firewall or proxy that ends it"
        return f"try again; if it keeps failing, {through}: {by} does not send the bytes itself"
    if (
        hop.status == 403
        and hop.header("x-amz-cf-id")
        and hop.header("server") == "AmazonS3"
        and known_registry(by) is None
    ):
        # docs.aws.amazon.com/AmazonCloudFront, "Restrict access to an Amazon S3 origin"; jasonsims/aws-cloudfront-sign#20
        policy = "its origin access control (s3:GetObject for cloudfront.amazonaws.com) in the policy of the bucket"
        return f"let CloudFront at {hop.host} read its bucket: {policy}; if it may, push the image again, for S3 lacks the blob"
    if hop.status == 403 and hop.is_page:
        who = front(hop) or hop.host
        return f"pull from another address, or have this one allowed: {who} answers with a web page, not with the bytes"
    if hop.request.method == "HEAD" and hop.status in (400, 401, 403, 405) and "?" in hop.request.url:
        return f"let {by} answer HEAD itself ({of_redirects(one.case, by)}): a signed address is good for one method, mostly GET"
    if hop.status == 404 and hop.is_page and hop.host == by:
        there = "/".join(path_of(hop.request.url).split("/")[:3])
        return f"let {front(hop) or 'the proxy'} in front of {by} pass {there}/ on to it too, to where it redirects for blobs"
    if hop.status in (404, 410) and one.case.writes:
        settings = f"container or bucket and rootdirectory in the storage settings of {by}, or switch its redirects off"
        return f"correct {settings} ({of_redirects(one.case, by)}): it has just taken blobs, and points to where nothing is"
    if hop.status == 404 and hop.host == by:  # pulp/pulp_container#1604
        there = f"it redirects to {path_of(hop.request.url)} itself, and has nothing there"
        return f"update {by}, or read its log: {there}; if it is gone for good, push the image again"
    if hop.status in (401, 403) and hop.host == by and known_registry(by) is None and not is_signed(hop.request.url):
        # pulp/pulp_container#1867, #2031
        there = "/".join(path_of(hop.request.url).split("/")[:3])
        return f"{look_at_the_log(one)}: what serves {there}/ refuses an address that {by} has just handed out itself"
    if hop.status in (404, 410) and not says(hop, _BUCKET):
        return f"push the image again: {by} names what its storage no longer has"
    if hop.status == 403 and hop.request.authorization == "none":
        policy = "a policy of its network (a proxy, a VPC endpoint) may refuse it"
        rights = (
            f"look at the rights that {by} has there"
            if known_registry(by) is None
            else "start it again, for a new address"
        )
        network = f"allow {hop.host} where {one.case.client} is: {policy}"
        if (s3 := _S3.match(hop.host)) is not None:  # rancher/os#2032, docker/hub-feedback#1318, moby/moby#34185
            network = f"in a VPC of AWS {_OWN['endpoint'].format(bucket=s3[1], client=one.case.client)}"
        return kept_address(one.case, hop, by) or one.asks_for or _of_a_network(by) or f"{network}; else {rights}"
    if hop.status == 401:
        signs = f"let {by} sign the addresses that it hands out: {hop.host} does not serve everyone"
        return kept_address(one.case, hop, by) or signs
    if hop.status >= 500:
        known = known_registry(by)
        whose = f"see {known.status}" if known is not None else f"read the log of {hop.host}"
        return f"{one.later}; if it keeps failing, {whose}: {by} only points to {hop.host}, which fails"
    if hop.status == 451:
        return f"pull it from a mirror that can be reached from here: {hop.host} may not give it out here, by law"
    if (hosted := known_registry(by)) is not None and hosted.hosts is not None:
        return f"start it again, for a new address; if it keeps failing from another network too, see {hosted.status}"
    where = f"the storage settings of {by} (storage.s3 in distribution)"
    changed = "if it sends on to another address than was asked, a proxy on the way changes it"
    return f"correct endpoint, region and bucket in {where}; {changed}"


def of_where_it_was_named(one: Answer) -> str | None:
    """What to do where a registry names a host that only its own network knows, or its storage is not reached."""
    case, hop, before = one.case, one.hop, one.hop.follows
    if hop.step.is_token and one.status not in REFUSALS and (own := realm_lost(case, hop)) is not None:
        # nicholasamorim/ansible-role-harbor#10, goharbor/harbor-helm#1266, docker/cli#5114
        return own_address(case, own[0])
    known, endpoint = failure(hop), hop.step.route.endpoint
    if hop.response is not None or (known is not None and known.reached):
        return None
    sent_on = before is not None and before.host != hop.host and endpoint in (Endpoint.BLOB, Endpoint.UPLOAD)
    if before is not None and sent_on and endpoint is Endpoint.BLOB and (why := _inside(hop)) is not None:
        return _from_inside(one, before, why)
    if known is not None and known.kind == "slow handshake":
        return None
    unnamed, sent_by = known is not None and known.kind == "dns", homes(case, hop)
    # go-gitea/gitea#31002, #37418, goharbor/harbor#23138
    if sent_by and is_local(hop.host) and not (unnamed and "." in hop.host):
        return f"{own_address(case, min(sent_by))}: its challenge names {hop.host} for tokens"
    if before is None or not sent_on or unnamed:
        return None
    if endpoint is Endpoint.BLOB and _falls_to_http(before, hop):
        return _from_inside(one, before, None)
    if known is not None and (known.far == "name" or is_loopback(address_in(hop) or "")):
        return None
    # eclipse-ditto/ditto#1980, xorbitsai/inference#1601, docker/hub-feedback#2376; uploads: Azure/azure-sdk-for-python#45744
    too = f"{hop.host} too: run curl -v https://{hop.host}/ here, and allow it in the firewall or proxy on the way"
    dns, does = "ask another DNS server, if its address is wrong", "send" if endpoint is Endpoint.BLOB else "take"
    opens = known_registry(before.host)
    send = f"or let {before.host} do so ({of_redirects(case, before.host)})" if endpoint is Endpoint.BLOB else None
    way = opens.step("storage") if opens is not None else send
    ways = f"; {way}" if way else ""
    return f"let {case.client} reach {too} ({dns}): {before.host} does not {does} blobs itself{ways}"


_PRIVATE = re.compile(
    r"10\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|f[cd]"
)
"""Addresses of private networks and of those inside a cloud (RFC 1918, 6598, 3927, 4193); not what a proxy makes up (198.18)."""


def _inside(hop: Hop) -> str | None:
    """What shows that only machines of one network reach a host: its name, or the address that it leads to.

    distribution/distribution-library-image#55, oras-project/oras-go#717, goharbor/harbor#20588.
    """
    if is_inside(hop.host):
        return f"{hop.host} is {where_it_is(hop.host)}"
    address = address_in(hop)
    if address is None or _PRIVATE.match(address) is None:
        return None
    return f"{hop.host} leads to {address} here, {where_it_is(address)}"


def _falls_to_http(before: Hop, hop: Hop) -> bool:
    """goharbor/harbor-cluster-operator#219."""
    return (before.request.url[:6], hop.request.url[:5]) == ("https:", "http:")


def _from_inside(one: Answer, before: Hop, why: str | None) -> str:
    because, by = f": {why}" if why is not None else "", before.host
    if (hosted := known_registry(by)) is not None:
        way = f"; {step}" if (step := hosted.step("storage")) else ""
        return f"run {one.case.client} in that network, or where a VPN or peering leads to it{because}{way}"
    itself = f"serve blobs itself instead of redirecting ({of_redirects(one.case, by)})"
    can = "with https://" if _falls_to_http(before, one.hop) else f"that {one.case.client} can reach"
    return f"let {by} {itself}, or give its storage an address {can}{because}"
