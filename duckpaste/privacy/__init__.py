"""The privacy line: the only code that may read private tables for a release."""
