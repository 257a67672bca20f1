{#-
times_referred: for each row of a table, how often rows of another (or the same) table refer to it
inputs: rows, targets (SQL of the keys of both tables' rows: ranked_keys, of a unit k and target_k rows at most), on
  [[referring column, referenced column]]
output: degree (from 0)
grain: one row a target, target_k of a unit at most
sensitivity: with or without a unit, its own target_k rows are there or not, and k references of its own change the degree
  of one target each (one cell less, one more): L1 at most target_k + 2 k. What others refer to, and which of their
  references count, depends on their own rows alone: no row of this unit is joined to theirs
-#}
select coalesce(d.n, 0)::bigint as degree
from {{ targets }} t
left join (
  select {% for a, _ in on %}{{ a | ident }} as k{{ loop.index0 }}, {% endfor %}count(*) as n
  from {{ rows }}
  group by {% for a, _ in on %}{{ a | ident }}{{ ', ' if not loop.last }}{% endfor %}

) d on {% for _, b in on %}t.{{ b | ident }} = d.k{{ loop.index0 }}{{ ' and ' if not loop.last else '' }}{% endfor %}
