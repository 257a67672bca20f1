"""Evaluation: compares with private data exactly, for its owner's eyes. Nothing here feeds a model."""
