"""Output: samples into a typed DuckDB file. The one room below the line that has a database: the synthetic one."""
