{#-
code_ranges: number of rows, and lowest and highest code of each column
inputs: relation (encoded table), columns
output: n, low_0, high_0, low_1, high_1, ...
grain: one row
sensitivity: exact and secret; only compared with the declared domain
-#}
select count(*) as n
{%- for c in columns %}, min({{ c | ident }}) as low_{{ loop.index0 }}, max({{ c | ident }}) as high_{{ loop.index0 }}
{%- endfor %}

from {{ relation }}
