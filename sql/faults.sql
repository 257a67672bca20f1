{#-
faults: whether any row breaks a declaration
inputs: relation, predicates (SQL texts), exact (counts instead of yes or no: for the owner's eyes only)
output: rows (boolean: any at all), fault_0, fault_1, ...
grain: one row
sensitivity: a yes stops the run before anything is spent; counts are exact and stamped internal by the caller
-#}
select count(*) > 0 as has_rows
{%- for p in predicates %},
  {% if exact %}count(*) filter (where {{ p }}){% else %}coalesce(bool_or({{ p }}), false){% endif %} as fault_{{ loop.index0 }}
{%- endfor %}

from {{ relation }}
