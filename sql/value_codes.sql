{#-
value_codes: the codes of synthetic values, by the SQL that encodes private ones
inputs: source (registered Arrow table of nth, c0, c1, ...), columns [{name, sql_type}] in that order, nth (a name that no
  column has), codes (SQL)
output: k0, k1, ...
grain: one row a row of source, in the order of nth
sensitivity: none: values made from a model
-#}
select
{% for code in codes %}
  ({{ code }})::bigint as k{{ loop.index0 }}{{ ',' if not loop.last }}
{% endfor %}
from (
  select nth as {{ nth | ident }}
{% for c in columns %}
    , c{{ loop.index0 }}::{{ c.sql_type }} as {{ c.name | ident }}
{% endfor %}
  from {{ source }}
)
order by {{ nth | ident }}
