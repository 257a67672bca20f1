{#-
null_shares: number of rows, and of NULLs in each column
inputs: relation, columns
output: n, null_0, null_1, ...
grain: one row
sensitivity: exact; internal
-#}
select count(*) as n
{%- for c in columns %}, count(*) - count({{ c | ident }}) as null_{{ loop.index0 }}
{%- endfor %}

from {{ relation }}
