"""Exports: a trace in the forms that other tools read. Each is a function of pulls; each is the same every time."""
