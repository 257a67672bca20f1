-- Notes in the database which tables an ingest made, in place of an older note.
-- Inputs: database (which holds it), name, kind ("dataset" or "view"), tables (list of text), digest (text or none:
--   what it was made from). Output: none. Sensitivity: names only.
create schema if not exists {{ database | ident }}.duckpaste;
create table if not exists {{ database | ident }}.duckpaste.ingested (
    name varchar, kind varchar, tables varchar[], made timestamp, digest varchar
);
delete from {{ database | ident }}.duckpaste.ingested where lower(name) = lower({{ name | literal }});
insert into {{ database | ident }}.duckpaste.ingested
values ({{ name | literal }}, {{ kind | literal }}, {{ tables | literal }}, now()::timestamp, {{ digest | literal }});
