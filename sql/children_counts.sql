{#-
children_counts: a parent's rows, each with its number of children in one table, from 0
inputs: parent (protected parent rows), child (quoted table), on [[parent column, child column]]
output: the parent's columns and _children
grain: one row of the parent
sensitivity: as the parent's: one unit's parent rows weigh at most k; its children only change its own rows
-#}
select p.*, coalesce(c.n, 0)::bigint as _children
from {{ parent }} p left join (
  select {% for _, right in on %}{{ right | ident }} as k{{ loop.index0 }}, {% endfor %}count(*) as n from {{ child }}
  group by all
) c on {% for left, _ in on %}p.{{ left | ident }} = c.k{{ loop.index0 }}{{ ' and ' if not loop.last else '' }}{% endfor %}
