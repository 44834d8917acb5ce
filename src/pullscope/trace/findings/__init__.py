"""What a trace shows to be wrong: a code, how bad it is, one sentence why, one what to do. One table of rules (`table`)."""
