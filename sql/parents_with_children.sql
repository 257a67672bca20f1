{#-
parents_with_children: a parent's rows, each with what its rows in child tables hold together
inputs: parent (SQL of its rows), children [{relation, on [[parent column, child column]], numbers [{name, expression}],
  categories [{name, label, value}]}]
output: the parent's columns; of child number i c{i}_count, c{i}_n{j} (mean of a number), c{i}_k{j} (share of a value)
grain: one row of the parent; without children counts are 0 and the rest NULL
sensitivity: exact; internal
-#}
select p.*
{%- for c in children %}{% set i = loop.index0 %},
  coalesce(c{{ i }}.count, 0) as c{{ i }}_count
{%- for _ in c.numbers %}, c{{ i }}.n{{ loop.index0 }} as c{{ i }}_n{{ loop.index0 }}{% endfor %}
{%- for _ in c.categories %}, c{{ i }}.k{{ loop.index0 }} as c{{ i }}_k{{ loop.index0 }}{% endfor %}
{%- endfor %}

from ({{ parent }}) p
{% for c in children %}{% set i = loop.index0 %}
left join (
  select {% for _, right in c.on %}{{ right | ident }} as key{{ loop.index0 }}, {% endfor %}count(*) as count
  {%- for n in c.numbers %}, avg({{ n.expression }}) as n{{ loop.index0 }}{% endfor %}
  {%- for k in c.categories %}, avg(({{ k.name | ident }}::varchar = {{ k.value | literal }})::utinyint) as k{{ loop.index0 }}{% endfor %}

  from {{ c.relation }} group by {% for _ in c.on %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}

) c{{ i }} on {% for left, _ in c.on %}p.{{ left | ident }} = c{{ i }}.key{{ loop.index0 }}{{ ' and ' if not loop.last }}{% endfor %}

{% endfor %}
