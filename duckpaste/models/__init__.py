"""Models: pure post-processing of what comes through the doors. Nothing here can reach private data."""
