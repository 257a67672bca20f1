"""Coarser codes for joint marginals, decided by noisy 1-ways alone: rare ones merged, many ordered ones binned."""
