"""What words mean whoever says them: read last, of a message that nothing else in this folder has read.

A status in any form, a phrase that stands for one, and what runtimes say of a connection: Go's net, libc and musl, Node.js,
Python's requests, Java, .NET, Rust's hyper and rustls, curl, Windows. A phrase counts where it is a clause of its own: `Not
Found` after a colon does, `command not found` does not.
"""

from __future__ import annotations

import re

from pullscope.oci.statuses import NAMES
from pullscope.oci.text_table import heads

_CODE = re.compile(
    r"(?i)(?<!exit )(?<!exited )\b(?:HTTP(?:/\d(?:\.\d)?)?|status(?:[ _-]?code)?|response(?:[ _]code)?|code|error|returned|"
    r"got|with|"
    r"received|answered|replied)(?: (?:an?|the|http|status|code|error|of|is|was|with))*[ :=]+[\"'(\[]?([45]\d\d)\b(?![.\d/:-])|"
    r"[(\[]([45]\d\d)[)\]]|\b([45]\d\d) (?:client|server) error\b"
)
"""A status by its number, with a word before it that says so, or in brackets."""
OF_REGISTRIES = (401, 403, 404, 408, 413, 415, 429, 451, 502, 503, 504)
"""Statuses that are a registry's, or of what is before it, where an image is named. Of 400 and 500 that is not said: the API
of a docker daemon has them, too (spring-projects/spring-boot#21515, fabric8io/docker-maven-plugin#33)."""
_WORDS = {
    401: r"unauthori[sz]ed|unauthenticated|authentication (?:is )?(?:required|failed)|(?:invalid|incorrect|bad|wrong) "
    r"(?:user ?name(?: (?:or|and|/) password)?|credentials?|password|login|token)|not (?:logged in|authenticated)|"
    r"no (?:valid )?credentials(?: (?:found|provided))?|log ?in (?:is )?required|token (?:has |is )?(?:expired|invalid)|"
    r"expired token",
    403: r"access (?:is |was )?(?:denied|forbidden)|denied|(?:not |un)authorized to (?:pull|push|access|read|write)(?: \w+)*|"
    r"not permitted|insufficient (?:permissions?|privileges?|scopes?|rights)",
    404: r"(?:(?:the )?(?:image|tag|manifest|repository|artifact|chart|package|version|reference|digest|blob) )?"
    r"(?:(?:was |is )?not found|could not be found|(?:does not|doesn't) exist)|"
    r"no such (?:tag|manifest|repository|artifact|chart)|(?:manifest|tag|repository) unknown|"
    r"unknown (?:manifest|tag|repository)",
    429: r"toomanyrequests|(?:pull )?rate ?limit(?:ed| (?:was )?exceeded| (?:was )?reached)|rate exceeded|throttled|"
    r"(?:you have |you've )?(?:reached|hit|exceeded) (?:the|your)(?: \w+)* (?:rate|pull)(?: rate)? limit",
    504: "gateway time-out",
}
"""Phrases that stand for a status, besides its own names (RFC 9110, 15.5 and 15.6)."""
_BEFORE = r"(?:\A|\b[45]\d\d |[:;,(\[\n\"'=>] ?| - |\b(?:is|was|are|with|returned|got|because|received) (?:an? |of )?)"
_AFTER = r"(?=\W*(?:\Z|\n)|[.;,!)\]\"'](?:\s|\Z)| [-(])"
_NAMES = {
    status: "|".join([*map(re.escape, names), *([_WORDS[status]] if status in _WORDS else [])])
    for status, names in NAMES.items()
    if status in (*OF_REGISTRIES, 500)
}
_PHRASES = [(status, re.compile(f"(?i){_BEFORE}(?:{words}){_AFTER}")) for status, words in _NAMES.items()]
_FAILURE = re.compile(
    r"(?i)\bENOTFOUND\b|\bEAI_\w+|name resolution|no such host|server misbehaving|nodename nor servname|getaddrinfo|NXDOMAIN|"
    r"SERVFAIL|"
    r"(?:could not|couldn't|cannot|can't|unable to|failed to) resolve (?:the )?(?:host|proxy|name|address|remote)|UnknownHost|"
    r"name or service not known|name does not resolve|remote name could not be resolved|dns (?:lookup|resolution|error)|"
    r"lookup address|"
    r"ECONNREFUSED|connection (?:was )?refused|actively refused|connect call failed|"
    r"ETIMEDOUT|ESOCKETTIMEDOUT|SocketTimeout|(?:connect(?:ion)?|read|operation|request|handshake)(?: \w+)? timed[ -]?out|"
    r"i/o timeout|"
    r"deadline exceeded|HttpClient\.Timeout|"
    r"ECONNRESET|connection (?:was )?(?:reset|aborted)|socket hang up|forcibly closed|broken pipe|EPIPE|"
    r"closed (?:the )?connection without|unexpected EOF|stream error:\s|sent GOAWAY|"
    r"network is unreachable|no route to host|EHOSTUNREACH|ENETUNREACH|"
    r"local issuer certificate|self[-_ ]signed[-_ ]cert|UNABLE_TO_VERIFY_LEAF_SIGNATURE|certificate (?:has expired|"
    r"verif\w+ failed)|"
    r"unknown authority|establish trust relationship|"
    r"CERT_HAS_EXPIRED|certificate is (?:invalid|not trusted)|certificate's altnames|ALTNAME_INVALID|"
    r"(?:invalid peer certificate: )?UnknownIssuer|"
    r"x509:|PKIX path|wrong[ _]version[ _]number|SSL connection could not be established|tls: |"
    r"proxy authentication required|tunnel connection failed|(?:unable|failed|cannot) to connect to (?:the )?proxy|"
    r"cannot connect to proxy"
)
"""Why no answer came, in the words of a runtime."""
_WAITED = re.compile(r"(?i)timed out waiting for|waiting for (?:the )?condition|code = DeadlineExceeded|API call to ")
"""helm and kubectl, of what takes its time in a cluster; a kubelet of its runtime; a program of the daemon that it asks."""
TABLE = r"""
# moby, runc, the kubelet: what comes after a pull
(?i:driver failed programming|port is already allocated|address already in use|OCI runtime (?:create|exec) failed
    |failed to create (?:shim |containerd )?task|container name "\S+" is already in use|exceeded its progress deadline
    |\bCrashLoopBackOff\b|restarting failed container|readiness probe failed|liveness probe failed)
    no registry is heard in it: the image is there, and its container did not start, or did not stay: docker logs CONTAINER or
        kubectl logs POD --previous tells why
# errno.h, node, Windows
(?i:ENOSPC|(?:not enough|insufficient|no)(?: free| enough)? (?:disk )?space|disk (?:is )?full|disk quota exceeded)
    a disk is full: of the machine that pulls (df -h shows which; docker system prune, podman system prune or crictl rmi --prune
        makes room), or the registry's, where an upload says so
# golang.org/x/sys, Linux: the kernel ends what takes too much
\bOOMKilled\b|(?i:\bout of memory\b|cannot allocate memory|exit(?:ed with)? (?:status|code) 137\b|(?:^|: )killed\W*$
    |signal: killed)
    no registry is heard in it: something ended the program by SIGKILL, as the kernel does where memory runs out (dmesg tells):
        give it more, or fewer layers at once
# Linux ENOEXEC
(?i:exec(?: user process caused)?:? .*\bexec format error|(?:^|: |\()exec format error)
    the image came, and is for another processor than this machine's: docker pull --platform linux/ARCH IMAGE takes the right one
    ,
        if there is one (docker buildx imagetools inspect IMAGE lists them)
(?i:(?:no (?:image|manifest|child|match|build)\b[^\n]*|does not (?:support|provide|match)[^\n]*
    |not available for[^\n]*)\b(?:platform|architecture|arch|linux/\w+|windows/\w+)\b)
    the image has no build for that platform: docker buildx imagetools inspect IMAGE lists those that it has, and --platform take
    s
        another
(?i:(?:digest|checksum|hash|sha256)(?: \w+)? (?:mismatch|did not match|does not match|verification failed)|mismatch(?:ed
    |ing)? (?:digest|checksum|hash)|gzip: invalid (?:header|checksum)|unexpected end of file|corrupt(?:ed)? (?:layer|blob
    |archive|tar))
    the bytes that came are not those that the digest names: something in between changed or cut them, or the registry keeps
        others: pull again, past proxies and caches, and push the image again if that fails too
(?i:unsupported (?:media|manifest|content)[ -]?type|unknown (?:media|manifest)[ -]?type|unsupported manifest|manifest invalid)
    one side does not know that type of manifest: update the client; crane manifest IMAGE shows what type is there
(?i:invalid (?:image|reference|repository|tag)(?: name| format)?\b|(?:image|repository|tag)(?: name)? is invalid
    |malformed (?:image|reference))
    the name of the image is not one: write HOST/NAME:TAG, in lower case, without https:// and spaces
(?i:\b(?:in|under|for) maintenance\b|maintenance mode|read[- ]only(?: mode)?\W*$)
    the registry takes no uploads now, or nothing at all, as in maintenance: try again later; its status page or who runs it
        knows until when
(?i:no such image\b)
    the image is not on that machine, and why it was not pulled is not said: docker pull IMAGE there pulls it, or says why not
(?i:\bquota\b[^\n]*\b(?:exceeded|reached|limit)|exceed(?:ed|s)?[^\n]*\bquota\b)
    a quota is used up, of the registry's project or of the account: delete what is not needed there, or have it raised
(?i:credential(?:s)? (?:helper|not found)|docker-credential-\w+|credsStore|keychain)
    no registry was asked: docker's helper for logins failed: docker login HOST once more, or take credsStore out of
        ~/.docker/config.json, and log in again
(?i:ENOTFOUND|EAI_|name resolution|no such host|server misbehaving|nodename nor|getaddrinfo|NXDOMAIN|SERVFAIL|UnknownHost
    |(?:not|n't|unable to|failed to) resolve (?:the )?(?:host|name|address|remote)|name or service not known
    |could not be resolved|dns (?:lookup|resolution|error)|lookup address)
    a name had no address there, so that nothing was asked: correct the host in the name of the image, or have that machine ask
        a DNS server that knows it (dig +short HOST @SERVER tries one)
(?i:ECONNREFUSED|connection (?:was )?refused|actively refused|connect call failed)
    nothing listens at that address and port, or a firewall refuses it: correct them, or start what is to answer; in a container
        or VM localhost is that one itself
(?i:network is unreachable|no route to host|EHOSTUNREACH|ENETUNREACH)
    no route leads there: give that machine one (a VPN that is up, a gateway, NAT), or correct the address
(?i:local issuer|self[-_ ]signed|VERIFY_LEAF|certificate verif\w+ failed|unknown authority|certificate is (?:invalid|not trusted)
    |UnknownIssuer|trust relationship
    |PKIX path|UntrustedRoot)
    the client trusts no CA behind the certificate that it got: something on the way reads TLS, as a company's proxy does, or
        the registry has a private CA: openssl s_client -connect HOST:443 where it runs shows the issuer; have it trust that
(?i:certificate has expired|CERT_HAS_EXPIRED|not yet valid)
    a certificate is not valid at this time: set the clock of that machine (timedatectl set-ntp true), or have who runs the
        registry renew it
(?i:altname|does not match (?:the )?certificate|not valid for)
    the certificate is for another name: use the name that it has, or have a proxy in front show the right one
(?i:wrong[ _]version[ _]number|HTTP response to HTTPS)
    what answered speaks plain http, and the client https: set it as insecure (docker: insecure-registries in daemon.json), or
        put TLS before it
(?i:proxy authentication required|tunnel connection failed|connect to (?:the )?proxy|resolve proxy)
    the client did not get through its own proxy: correct its address and login in HTTPS_PROXY (http://USER:PASSWORD@PROXY:PORT)
        where the client runs, or have HOST let through there
(?i:x509|tls: |SSL connection could not)
    TLS was not agreed on: openssl s_client -connect HOST:443 where the client runs shows at what it fails
(?i:ETIMEDOUT|ESOCKETTIMEDOUT|SocketTimeout|timed[ -]?out(?! waiting)|i/o timeout|HttpClient\.Timeout)
    nothing answered in time: curl -v https://HOST/v2/ where the client runs tries the registry; if that waits too, let it
        through the firewall, or name the proxy of this network to the client (HTTPS_PROXY)
(?i:ECONNRESET|connection (?:was )?(?:reset|aborted)|hang up|forcibly closed|broken pipe|EPIPE|closed (?:the )?connection
    |stream error:\s|sent GOAWAY)
    a connection was ended before all had come: try again; if it ends each time, what is on the way ends it (VPN, proxy,
        firewall): another network shows it
"""
"""What is said of a message that names no image, and of what is no answer: the first row that fits."""
GENERAL = [(re.compile(words), lines[0]) for words, lines in heads(TABLE)]
TROUBLE = "|".join(
    [f"(?i:{one.pattern.removeprefix('(?i)')})" for one in (_FAILURE, *(words for _, words in _PHRASES))]
    + [words.pattern for words, _ in GENERAL]
)
"""All of these: what has one is a message."""


def answered(text: str) -> tuple[int, bytes | None] | None:
    """The status that a message names or stands for; None where it does neither. Its words are no body: who said them is open."""
    if (code := _CODE.search(text)) is not None:
        return int(next(filter(None, code.groups()))), None
    return next(((status, None) for status, words in _PHRASES if words.search(text)), None)


def failed(text: str) -> str | None:
    """Why no answer came, from the clause that says so to the end of its line; None where that is not said."""
    found = _FAILURE.search(text)
    if found is None or _WAITED.search(text):
        return None
    start = max(text.rfind(mark, 0, found.start()) + len(mark) for mark in (": ", "\n", "("))
    return text[start if 0 < start <= found.start() else found.start() :].partition("\n")[0].strip(" ).'\"")
