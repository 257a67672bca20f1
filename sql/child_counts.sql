{#-
child_counts: how many rows of a parent have how many rows below them
inputs: parent, child (relations), on [[parent column, child column]]
output: part (of the parent's row), children, n (parent rows)
grain: one row a part and number of children, 0 included
sensitivity: exact; internal
-#}
select p._part as part, coalesce(c.n, 0)::bigint as children, count(*) as n
from {{ parent }} p left join (
  select {% for _, right in on %}{{ right | ident }} as k{{ loop.index0 }}, {% endfor %}count(*) as n from {{ child }}
  group by {% for _, right in on %}{{ right | ident }}{{ ', ' if not loop.last }}{% endfor %}

) c on {% for left, _ in on %}p.{{ left | ident }} = c.k{{ loop.index0 }}{{ ' and ' if not loop.last else '' }}{% endfor %}

group by 1, 2
order by 1, 2
