"""The report that one looks at: one HTML file that asks nobody for anything."""
