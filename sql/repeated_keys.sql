{#-
repeated_keys: how many values of a key stand in more than one row, and in how many rows it is NULL
inputs: relation (quoted table), columns (of the key)
output: repeated, missing
grain: one row
sensitivity: exact: it only tells whether a run may begin, and stays inside
-#}
select coalesce(sum((n > 1 and not missing)::integer), 0) as repeated, coalesce(sum(n) filter (missing), 0) as missing
from (
  select {% for c in columns %}{{ c | ident }} is null{{ ' or ' if not loop.last }}{% endfor %} as missing, count(*) as n
  from {{ relation }} group by {% for c in columns %}{{ c | ident }}{{ ', ' if not loop.last }}{% endfor %}

)
