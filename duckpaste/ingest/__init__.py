"""Ingest: raw files, or a database, become the tables of a dataset, and those the typed tables of a view."""

from __future__ import annotations

from duckpaste.ingest.dataset import DatasetInfo, Parameter, describe, ingest_dataset
from duckpaste.ingest.rebuild import is_ingested
from duckpaste.ingest.view import ingest_view, made_from

__all__ = [
    "DatasetInfo",
    "Parameter",
    "describe",
    "ingest_dataset",
    "ingest_view",
    "is_ingested",
    "made_from",
]
