-- Notes in the database which tables an ingest made, in place of an older note.
-- Inputs: name, kind ("dataset" or "view"), tables (list of text). Output: none. Sensitivity: names only.
create schema if not exists duckpaste;
create table if not exists duckpaste.ingested (name varchar, kind varchar, tables varchar[], made timestamp);
delete from duckpaste.ingested where lower(name) = lower({{ name | literal }});
insert into duckpaste.ingested
values ({{ name | literal }}, {{ kind | literal }}, {{ tables | literal }}, now()::timestamp);
