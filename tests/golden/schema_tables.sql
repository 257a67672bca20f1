-- The tables and views of one schema of the current database.
-- Inputs: name (the schema). Output: table_name, sorted. Grain: one row a table. Sensitivity: names only.
select table_name
from duckdb_tables()
where database_name = current_database() and lower(schema_name) = lower('it''s')
union all
select view_name
from duckdb_views()
where database_name = current_database() and lower(schema_name) = lower('it''s') and not internal
order by table_name
