"""One real pull by a client of this machine, watched from outside, and held against what its configuration said.

Nothing is changed for it: no file, no proxy, no CA, no restart. What is read is what a client shows anyway: the beginnings
of its connections (the kernel's packets), or its own debug log. What TLS hides stays hidden.

    packets.py          the machine's TCP, as segments; needs root
    conversations.py    segments as requests: in plain http, or as names that TLS shows
    cri.py              the kubelet's questions to a container runtime, without a kubelet
    pulls.py            the one pull of each client, and nothing left of it
    comparison.py       as listed, not asked, asked but not listed, with the cause
"""
