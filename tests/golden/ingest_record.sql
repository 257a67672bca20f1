-- Notes in the database which tables an ingest made, in place of an older note.
-- Inputs: database (which holds it), name, kind ("dataset" or "view"), tables (list of text), digest (text or none:
--   what it was made from). Output: none. Sensitivity: names only.
create schema if not exists "work".duckpaste;
create table if not exists "work".duckpaste.ingested (
    name varchar, kind varchar, tables varchar[], made timestamp, digest varchar
);
delete from "work".duckpaste.ingested where lower(name) = lower('it''s');
insert into "work".duckpaste.ingested
values ('it''s', 'view', ['a', 'b'''], now()::timestamp, 'd1');
