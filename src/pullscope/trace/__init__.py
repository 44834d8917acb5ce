"""What was seen and what it means: events in, pulls with steps and hops out. No I/O and no clock."""
