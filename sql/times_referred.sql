{#-
times_referred: for each row of a table, how often rows of another (or the same) table refer to it
inputs: rows, targets (SQL of the two tables' rows with _unit: owner_rows), on [[referring column, referenced column]],
  order_by, target_order (columns that rank a unit's rows), k (rows of a unit whose references count), target_k (rows of a
  unit that are counted as targets)
output: degree (from 0)
grain: one row a target, target_k of a unit at most
sensitivity: with or without a unit, its own target_k rows are there or not, and k references of its own change the degree
  of one target each (one cell less, one more): L1 at most target_k + 2 k. What others refer to, and which of their
  references count, depends on their own rows alone: no row of this unit is joined to theirs
-#}
{%- macro ranked(rows, columns, order_by) -%}
select {{ columns | map('ident') | join(', ') }}, row_number() over (
    partition by _unit
    order by md5(concat_ws('|'{% for c in order_by %}, {{ c | ident }}::varchar{% endfor %})){% for c in order_by %}, {{ c | ident }}{% endfor %}

  ) as rank
  from ({{ rows }}) r
  where {% for c in columns %}{{ c | ident }} is not null{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro -%}
select coalesce(d.n, 0)::bigint as degree
from (
  {{ ranked(targets, on | map('last') | list, target_order) }}
) t
left join (
  select {% for a, _ in on %}{{ a | ident }} as k{{ loop.index0 }}, {% endfor %}count(*) as n
  from (
  {{ ranked(rows, on | map('first') | list, order_by) }}
  ) where rank <= {{ k }}
  group by all
) d on {% for _, b in on %}t.{{ b | ident }} = d.k{{ loop.index0 }}{{ ' and ' if not loop.last }}{% endfor %}

where t.rank <= {{ target_k }}
