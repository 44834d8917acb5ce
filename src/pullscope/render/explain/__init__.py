"""Explanations: one table of what each step and each idea is, and the lesson that a trace makes of it."""
