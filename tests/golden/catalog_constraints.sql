-- Inputs: database, schema (names). Reads the catalogue only.
-- Output: table_name, constraint_type, expression (of a CHECK), columns, referenced_table, referenced_columns.
-- Grain: one row a constraint. Sensitivity: none (declared facts).
select
    table_name,
    constraint_type,
    expression,
    constraint_column_names as columns,
    referenced_table,
    referenced_column_names as referenced_columns
from duckdb_constraints()
where
    database_name = 'work'
    and schema_name = 'it''s'
    and constraint_type <> 'NOT NULL'
order by table_oid, constraint_index
