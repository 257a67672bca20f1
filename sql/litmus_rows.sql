{#-
litmus_rows: the rows of a few entities: some units drawn by a seed, or the rows below rows drawn before
inputs: target (temporary table to make), relation; either columns, seed and most (units to draw), or parent (temporary
  table) and on [[column, parent column]]
output: none
grain: one row of the relation
sensitivity: exact; internal: rows of private people, for a page that stays with the private data
-#}
create or replace temp table {{ target }} as
{% if parent %}
select c.* from {{ relation }} c semi join {{ parent }} p on {% for a, b in on %}c.{{ a | ident }} = p.{{ b | ident }}{{ ' and ' if not loop.last else '' }}{% endfor %}

{% else %}
select * from {{ relation }} order by hash({% for c in columns %}{{ c | ident }}, {% endfor %}{{ seed | literal }}) limit {{ most }}
{% endif %}
