{#-
evaluated_rows: a table's rows, decoded, with the columns of all ancestors, and the part of the split that they are in
inputs: relation (quoted table), columns (own), parents [{relation, alias, on [[left, right]], columns [{name, label}]}]
  nearest first, part (SQL of the part's number), row (SQL of a number
  by which rows are chosen for samples), unit (SQL of the unit's key, or none), lags ({partition, order_by, columns [{name, label}]} or none)
output: the own columns, each ancestor's columns as "table.column", with lags the columns of the row before in the
  order of the sequence (NULL for the first), with a unit _unit (NULL
  for rows that reach none), _part and _row
grain: one row of the table; rows whose key leads nowhere stay, with NULL for the ancestor's columns
sensitivity: exact; internal
-#}
select
{% for c in columns %}
  t.{{ c | ident }},
{% endfor %}
{% for p in parents %}
{% for c in p.columns %}
  {{ p.alias }}.{{ c.name | ident }} as {{ c.label | ident }},
{% endfor %}
{% endfor %}
{% if lags %}
{% for c in lags.columns %}
  lag(t.{{ c.name | ident }}) over before as {{ c.label | ident }},
{% endfor %}
{% endif %}
{% if unit %}
  {{ unit }} as _unit,
{% endif %}
  ({{ part }})::utinyint as _part,
  {{ row }} as _row
from {{ relation }} t
{% for p in parents %}
left join {{ p.relation }} {{ p.alias }} on {% for left, right in p.on %}{{ left }} = {{ right }}{{ ' and ' if not loop.last else '' }}{% endfor %}

{% endfor %}
{% if lags %}
window before as (
  partition by {% for c in lags.partition %}t.{{ c | ident }}{{ ', ' if not loop.last }}{% endfor %}

  order by {% for c in lags.order_by %}t.{{ c | ident }} nulls last{{ ', ' if not loop.last }}{% endfor %}

)
{% endif %}
