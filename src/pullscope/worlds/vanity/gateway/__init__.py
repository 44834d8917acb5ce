"""The Gateway API: HTTPRoutes read as the nginx configuration that does what they say."""
