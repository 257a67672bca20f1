{#-
synthetic_rows: puts decoded rows into their typed table
inputs: target, source (registered Arrow batches), columns [{name, sql_type}]
output: none
grain: one row a synthetic row
sensitivity: none: made from a model
-#}
insert into {{ target }} select
{% for c in columns %}
  {{ c.name | ident }}::{{ c.sql_type }}{{ ',' if not loop.last else '' }}
{% endfor %}
from {{ source }}
