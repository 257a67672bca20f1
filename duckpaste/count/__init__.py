"""Counting: exact, secret marginals by GROUP BY. Only privacy/source.py and evaluate/ use this room."""
