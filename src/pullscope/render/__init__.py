"""Output: functions of a trace, or of result values, and the time. Takes no input and keeps nothing on disk."""
