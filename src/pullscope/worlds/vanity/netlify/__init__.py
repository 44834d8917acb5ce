"""Netlify: netlify.toml and `_redirects`."""
