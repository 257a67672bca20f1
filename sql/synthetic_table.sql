{#-
synthetic_table: an empty table with the types of the view
inputs: target, columns [{name, sql_type, not_null}], primary_key, checks,
  foreign_keys [{columns, table, referenced}] (may be left out)
output: none
grain: none
sensitivity: none: types, keys and checks are public by declaration
-#}
{% set keys = foreign_keys | default([]) %}
create table {{ target }} (
{% for c in columns %}
  {{ c.name | ident }} {{ c.sql_type }}{{ ' not null' if c.not_null else '' }}{{ ',' if not loop.last or primary_key or checks or keys else '' }}
{% endfor %}
{% if primary_key %}
  primary key ({% for c in primary_key %}{{ c | ident }}{{ ', ' if not loop.last else '' }}{% endfor %}){{ ',' if checks or keys else '' }}
{% endif %}
{% for c in checks %}
  check ({{ c }}){{ ',' if not loop.last or keys else '' }}
{% endfor %}
{% for k in keys %}
  foreign key ({% for c in k.columns %}{{ c | ident }}{{ ', ' if not loop.last else '' }}{% endfor %}) references {{ k.table | ident }} ({% for c in k.referenced %}{{ c | ident }}{{ ', ' if not loop.last else '' }}{% endfor %}){{ ',' if not loop.last else '' }}
{% endfor %}
)
