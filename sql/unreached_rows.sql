{#-
unreached_rows: a private table's rows that belong to no privacy unit: their key to the parent is NULL, or that of a row
  above them
inputs: relation (quoted table), parents [{relation, alias, on [[left, right]]}] nearest first, as far up as a key may be
  NULL, where `left` and `right` are quoted paths, keys (quoted paths of the columns of all owner keys that may be NULL)
output: the table's columns
grain: one row of the table that belongs to no unit; never a row of a unit that is held out, whose keys are whole
sensitivity: 0 for a unit: none of these rows is its, so that taking it away with all its rows leaves them as they are.
  1 for each of these rows by itself: it counts once, in its own table alone
-#}
select t.*
from {{ relation }} t
{% for p in parents %}
left join {{ p.relation }} {{ p.alias }} on {% for left, right in p.on %}{{ left }} = {{ right }}{{ ' and ' if not loop.last else '' }}{% endfor %}

{% endfor %}
where {{ keys | map('string') | join(' is null or ') }} is null
