-- Inputs: database, schema (names). Reads the catalogue only.
-- Output: table_name, comment. Grain: one row a table or view that has a comment. Sensitivity: none.
select table_name, comment
from duckdb_tables()
where database_name = 'work' and schema_name = 'it''s' and comment is not null
union all
select view_name, comment
from duckdb_views()
where database_name = 'work' and schema_name = 'it''s' and comment is not null
order by all
