-- The tables that the last ingest of a dataset or view made, and a digest of what it was made from.
-- Inputs: database, name. Output: tables (list of text), digest. Grain: one row, or none. Sensitivity: names only.
select tables, digest
from "work".duckpaste.ingested
where lower(name) = lower('it''s')
