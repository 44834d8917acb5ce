"""Logs that others made: what people attach to bug reports, read as the exchanges that they show.

One file a form, one table (`forms`). The standard library, `oci` and the border only; no I/O but the lines that are handed in.
"""
