{#-
column_values: the commonest values of a column on any of several sides
inputs: sides (relations), expression (quoted column, NULL ignored), most (rows)
output: value (varchar, 300 characters at most), n_0, n_1, ... (rows of each side), total_0, total_1, ... (rows of each
  side that are not NULL), distinct_values
grain: one row a value, the one with the largest share of any side first
sensitivity: exact; internal
-#}
select value{% for s in sides %}, n_{{ loop.index0 }}{% endfor %}{% for s in sides %}, total_{{ loop.index0 }}{% endfor %}, distinct_values
from (
  select value{% for s in sides %}, sum(n_{{ loop.index0 }})::bigint as n_{{ loop.index0 }}{% endfor %},
    {% for s in sides %}(sum(sum(n_{{ loop.index0 }})) over ())::bigint as total_{{ loop.index0 }}, {% endfor %}count(*) over () as distinct_values
  from (
{% for s in sides %}
    {% set side = loop.index0 %}
    {{ 'union all ' if not loop.first else '' }}select left(({{ expression }})::varchar, 300) as value
      {%- for t in sides %}, {{ 'count(*)' if loop.index0 == side else '0' }} as n_{{ loop.index0 }}{% endfor %}

    from {{ s }} where {{ expression }} is not null group by 1
{% endfor %}
  ) group by value
)
order by greatest({% for s in sides %}n_{{ loop.index0 }} / greatest(total_{{ loop.index0 }}, 1){{ ', ' if not loop.last }}{% endfor %}) desc, value
limit {{ most }}
