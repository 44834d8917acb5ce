"""Apache: virtual hosts and .htaccess files, read and played request by request."""
