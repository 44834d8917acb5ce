"""Faults to choose: what a registry, its storage or a vanity domain can do wrong, each named by the finding it causes."""
