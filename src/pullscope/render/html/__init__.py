"""The report to look at: one HTML file that makes no network requests."""
