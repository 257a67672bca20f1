"""Sampling: a model and a seed give tables; nothing here can reach private data."""
