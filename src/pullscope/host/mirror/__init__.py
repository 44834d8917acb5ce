"""Our mirror in front of a client's registries: one file a client, written, read back, and taken back to the byte.

A mirror needs no certificate authority, and a client goes on without it where it does not answer. What the user had stays
behind ours. Nothing is restarted unless that was asked for; what a daemon reads by a signal is given one.

    configs.py        what is asked of `on`, and the one file of each kind of client, as changes
    runtimes.py       a kind of client; the table of all, and which of them are here
    switch.py         on, off and status of one of them, and one request that shows that the mirror works
"""
