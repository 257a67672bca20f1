{#-
unit_sizes: for each privacy unit that has rows in a table, how many, as a power of two
inputs: rows (a relation: the table's rows with _unit, owner_rows)
output: size (the smallest e with rows <= 2^e)
grain: one row a unit
sensitivity: one unit is one row
-#}
select ceil(log2(count(*)))::integer as size from {{ rows }} group by _unit
