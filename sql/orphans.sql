{#-
orphans: rows whose foreign key leads to no row
inputs: child, parent (quoted tables), on [[child column, parent column]]
output: n
grain: one row
sensitivity: exact; used on synthetic tables, and stamped internal on private ones
-#}
select count(*) as n from {{ child }} c
where {% for a, _ in on %}c.{{ a | ident }} is not null and {% endfor %}not exists (
  select 1 from {{ parent }} p where {% for a, b in on %}p.{{ b | ident }} = c.{{ a | ident }}{{ ' and ' if not loop.last else '' }}{% endfor %}

)
