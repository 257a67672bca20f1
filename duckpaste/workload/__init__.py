"""Workloads: which column sets a person's own questions need, read from SQL queries or from a list.

Queries are read, never run, and no data is looked at: a workload is public.
"""

from duckpaste.workload.asked import Asked, read, served
from duckpaste.workload.tables import Tables

__all__ = ["Asked", "Tables", "read", "served"]
