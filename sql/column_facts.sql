{#-
column_facts: what one table's columns hold
inputs: relation, columns [{name, number}] where `number` is SQL of the value as a number, or none
output: one row: n, then for each column i: there_i (not NULL), different_i (about, by HyperLogLog), and for numbers
  mean_i, sd_i, low_i, high_i
grain: one row
sensitivity: exact; internal
-#}
select count(*) as n
{%- for c in columns %},
  count({{ c.name | ident }}) as there_{{ loop.index0 }},
  approx_count_distinct({{ c.name | ident }}) as different_{{ loop.index0 }}
{%- if c.number %},
  avg({{ c.number }}) as mean_{{ loop.index0 }}, stddev_samp({{ c.number }}) as sd_{{ loop.index0 }},
  min({{ c.number }})::double as low_{{ loop.index0 }}, max({{ c.number }})::double as high_{{ loop.index0 }}
{%- endif %}
{%- endfor %}

from {{ relation }}
