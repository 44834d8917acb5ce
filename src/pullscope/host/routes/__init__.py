"""Which registry endpoint a client of this machine will ask for an image, read from its configuration. Reading only.

One file a client turns its configuration into a `Route`: the endpoints in order, and what is wrong. Nothing is pulled and
no network is used; a rule stands below the source that it was taken from or the version that it was tried with.

    route.py            an endpoint, a route, and the machine that is looked at
    toml_text.py        TOML with the line of every table and key, for words and fixes
    edits.py            a cure as a command line that changes one line of a file
    hosts_toml.py       containerd's certs.d: which directory wins, and what its hosts.toml says
    containerd_config.py, containerd.py, containerd_checks.py
"""
