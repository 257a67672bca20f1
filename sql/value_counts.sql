{#-
value_counts: how many units hold each value of an expression, each unit counted for at most k values
inputs: relation, expression (SQL text, NULL ignored), unit (column, or none when each row is a unit), k
output: value (varchar), n
grain: one row for every value present (so only counts far above one may be told of: see privacy/discovery.py)
sensitivity: one unit adds 1 to at most k rows (1 when each row is a unit)
-#}
{% if unit %}
select value, count(*) as n from (
  select value, row_number() over (partition by unit_key order by md5(value), value) as nth from (
    select distinct {{ unit | ident }} as unit_key, {{ expression }} as value from {{ relation }}
    where {{ expression }} is not null
  )
) where nth <= {{ k }} group by 1 order by 1
{% else %}
select {{ expression }} as value, count(*) as n from {{ relation }} where {{ expression }} is not null
group by 1 order by 1
{% endif %}
