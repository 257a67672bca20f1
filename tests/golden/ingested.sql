-- The tables that the last ingest of a dataset or view made.
-- Inputs: database, name. Output: tables (list of text). Grain: one row, or none. Sensitivity: names only.
select tables
from "work".duckpaste.ingested
where lower(name) = lower('it''s')
