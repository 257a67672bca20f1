{#-
predicate_truths: for which rows predicates hold
inputs: source (registered Arrow table of nth, c0, c1, ...), table, columns [{name, sql_type}] in the order of c0, c1, ...,
  nth (a name that no column has), expressions
output: nth, t0, t1, ...: 1 for true, -1 for false, 0 for NULL
grain: one row a row of source
sensitivity: none: values made from a model
-#}
select
  {{ nth | ident }} as nth
{% for e in expressions %}
  , coalesce(((
{{ e }}
  )::boolean)::tinyint * 2 - 1, 0)::tinyint as t{{ loop.index0 }}
{% endfor %}
from (
  select nth as {{ nth | ident }}
{% for c in columns %}
    , c{{ loop.index0 }}::{{ c.sql_type }} as {{ c.name | ident }}
{% endfor %}
  from {{ source }}
) as {{ table | ident }}
order by nth
