{#-
rule_truths: which rows break which rules, and the values that would mend them
inputs: source (registered Arrow table of nth, c0, c1, ...), columns [{name, sql_type}] in that order, totals [{source,
  columns, values [{label, expression, counts}]}] (rows below: nth of the row above, c0, c1, ...), publics [{source, on [[number
  of the column, own column]], columns [{name, label, sql_type}]}] (public rows, one a key), nth (a name that no column has),
  rules (SQL), values [{expression, sql_type}]
output: nth, b0, b1, ... (true where the rule is false; NULL holds, as in a CHECK), v0, v1, ...
grain: one row a row of source
sensitivity: none: values made from a model
-#}
select
  {{ nth | ident }} as nth
{% for rule in rules %}
  , not coalesce(({{ rule }})::boolean, true) as b{{ loop.index0 }}
{% endfor %}
{% for v in values %}
  , ({{ v.expression }})::{{ v.sql_type }} as v{{ loop.index0 }}
{% endfor %}
from (
  select r.nth as {{ nth | ident }}
{% for c in columns %}
    , r.c{{ loop.index0 }}::{{ c.sql_type }} as {{ c.name | ident }}
{% endfor %}
{% for t in totals %}
{% set number = loop.index0 %}
{% for v in t['values'] %}
    , {{ 'coalesce(' if v.counts }}t{{ number }}.t{{ loop.index0 }}{{ ', 0)' if v.counts }} as {{ v.label | ident }}
{% endfor %}
{% endfor %}
{% for p in publics %}
{% set number = loop.index0 %}
{% for c in p.columns %}
    , p{{ number }}.{{ c.name | ident }}::{{ c.sql_type }} as {{ c.label | ident }}
{% endfor %}
{% endfor %}
  from {{ source }} r
{% for p in publics %}
{% set number = loop.index0 %}
  left join {{ p.source }} p{{ number }} on {% for i, own in p.on %}r.c{{ i }}::{{ columns[i].sql_type }} = p{{ number }}.{{ own | ident }}{{ ' and ' if not loop.last else '' }}{% endfor %}

{% endfor %}
{% for t in totals %}
  left join (
    select {{ nth | ident }}
{% for v in t['values'] %}
      , {{ v.expression }} as t{{ loop.index0 }}
{% endfor %}
    from (
      select nth as {{ nth | ident }}
{% for c in t.columns %}
        , c{{ loop.index0 }}::{{ c.sql_type }} as {{ c.name | ident }}
{% endfor %}
      from {{ t.source }}
    )
    group by {{ nth | ident }}
  ) t{{ loop.index0 }} on t{{ loop.index0 }}.{{ nth | ident }} = r.nth
{% endfor %}
)
order by nth
