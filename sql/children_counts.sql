{#-
children_counts: a parent's rows, each with its number of children in one table, from 0
inputs: parent (protected parent rows), child (quoted table), on [[parent column, child column]],
  siblings ({partition, position, label} where the parent is a sequence, else none)
output: the parent's columns and _children; for a sequence also the number of the sibling before (NULL for the first)
grain: one row of the parent
sensitivity: as the parent's: one unit's parent rows weigh at most k; its children only change its own rows, and so does
  the number of a sibling, which has the same parent
-#}
select p.*, coalesce(c.n, 0)::bigint as _children
{%- if siblings %},
  lag(coalesce(c.n, 0)::bigint) over (
    partition by {% for c in siblings.partition %}p.{{ c | ident }}{{ ', ' if not loop.last }}{% endfor %}

    order by p.{{ siblings.position | ident }}
  ) as {{ siblings.label | ident }}
{%- endif %}

from {{ parent }} p left join (
  select {% for _, right in on %}{{ right | ident }} as k{{ loop.index0 }}, {% endfor %}count(*) as n from {{ child }}
  group by {% for _, right in on %}{{ right | ident }}{{ ', ' if not loop.last }}{% endfor %}

) c on {% for left, _ in on %}p.{{ left | ident }} = c.k{{ loop.index0 }}{{ ' and ' if not loop.last else '' }}{% endfor %}
