{#-
copied_rows: rows of one relation that another holds too, column by column
inputs: rows, other (relations), columns
output: n (rows), copied (those that the other has)
grain: one row; NULL equals NULL
sensitivity: exact; internal
-#}
select count(*) as n, count(o.there) as copied
from {{ rows }} r left join (
  select distinct {% for c in columns %}{{ c | ident }}, {% endfor %}true as there from {{ other }}
) o on {% for c in columns %}r.{{ c | ident }} is not distinct from o.{{ c | ident }}{{ ' and ' if not loop.last else '' }}{% endfor %}

