"""The language: what registries and their clients say, as values and pure functions of the standard library alone."""
