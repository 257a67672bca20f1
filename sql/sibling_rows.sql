{#-
sibling_rows: a table's rows with their position below the parent row, and columns of the siblings before them
inputs: relation (quoted table), partition (columns of the key to the parent), order_by (columns that order siblings,
  ending with a key, so that the order is the same every time), position (name), left (name or none),
  lags [{name, back, label}]
output: the table's columns, the position (from 0), how many siblings come from this row on (itself included, where `left`
  is given), and each lag's column (NULL where there is no such sibling)
grain: one row of the relation
sensitivity: a row stays one row, in one cell of a marginal. What is added to it comes from rows of the same parent,
  which belong to the same unit: adding or removing a unit changes no row of another
-#}
select s.*,
{% for l in lags %}
  lag(s.{{ l.name | ident }}, {{ l.back }}) over siblings as {{ l.label | ident }},
{% endfor %}
{% if left %}
  count(*) over (
    partition by {% for c in partition %}s.{{ c | ident }}{{ ', ' if not loop.last }}{% endfor %}

  ) - row_number() over siblings + 1 as {{ left | ident }},
{% endif %}
  row_number() over siblings - 1 as {{ position | ident }}
from {{ relation }} s
window siblings as (
  partition by {% for c in partition %}s.{{ c | ident }}{{ ', ' if not loop.last }}{% endfor %}

  order by {% for c in order_by %}s.{{ c | ident }} nulls last{{ ', ' if not loop.last }}{% endfor %}

)
