"""nginx: a configuration read into servers and locations, and played request by request."""
