"""Traefik: routers, middlewares and services of a dynamic configuration, read and played request by request."""
