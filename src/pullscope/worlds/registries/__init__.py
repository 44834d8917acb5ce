"""Registries as they are: what each does on the wire, one row each, every fact with its public source."""
