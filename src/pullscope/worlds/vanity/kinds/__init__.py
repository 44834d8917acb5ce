"""The platforms, one module each, which `platforms` finds by being here: a module's `KIND` is its platform."""
