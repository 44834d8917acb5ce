"""Caddy: a Caddyfile read into sites and directives in Caddy's order, and played request by request."""
