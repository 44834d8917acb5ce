"""Kubernetes Ingress for ingress-nginx: read as the nginx configuration that its controller makes of it."""
