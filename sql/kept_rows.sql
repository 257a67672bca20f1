{#-
kept_rows: a query's rows in a temporary table: all at once, or one bucket after the other
inputs: rows (SQL), target (quoted name), more (whether the table is there and gets further rows)
output: none; the table has the query's columns
grain: one row of the query
sensitivity: as the query's
-#}
{% if more %}insert into {{ target }}{% else %}create temp table {{ target }} as{% endif %}

{{ rows }}
