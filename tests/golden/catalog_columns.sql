-- Inputs: database, schema (names). Reads the catalogue only, no row of any table.
-- Output: table_name, is_view, column_name, data_type, not_null, column_default, comment.
-- Grain: one row a column, tables in the order of their creation. Sensitivity: none (declared facts).
select
    c.table_name,
    v.view_name is not null as is_view,
    c.column_name,
    c.data_type,
    not c.is_nullable as not_null,
    c.column_default,
    c.comment
from duckdb_columns() as c
left join duckdb_views() as v
    on v.database_name = c.database_name and v.schema_name = c.schema_name and v.view_name = c.table_name
where
    c.database_name = 'work'
    and c.schema_name = 'it''s'
    and not c.internal
order by is_view, c.table_oid, c.column_index
