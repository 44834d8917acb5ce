"""A sample Docker Hub: registry, token server and CDN as functions from `Request` to `Response`."""
