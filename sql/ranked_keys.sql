{#-
ranked_keys: columns of a table's rows, of one unit's rows k at most
inputs: rows (a relation: the table's rows with _unit, owner_rows), columns (none of them NULL in the output), order_by (columns
  that rank a unit's rows), k, rank (a name
  that no column has)
output: the columns
grain: one row of the table
sensitivity: a unit has at most k rows, which depend on that unit's rows alone
-#}
select {{ columns | map('ident') | join(', ') }} from (
  select {{ columns | map('ident') | join(', ') }}, row_number() over (
    partition by _unit
    order by md5(concat_ws('|'{% for c in order_by %}, {{ c | ident }}::varchar{% endfor %})){% for c in order_by %}, {{ c | ident }}{% endfor %}

  ) as {{ rank | ident }}
  from {{ rows }} r
  where {% for c in columns %}{{ c | ident }} is not null{{ ' and ' if not loop.last else '' }}{% endfor %}

) where {{ rank | ident }} <= {{ k }}
