{#-
bucket_rows: a table's rows of one of several buckets, so that what is made of them fits into memory
inputs: relation (SQL of a table), keys (SQL over its columns: a hash of them tells a row's bucket; none where `above`
  tells it), above (SQL of the bucket's rows of another table), on [[own column, column of `above`]]
parameters: $1 (the number of the bucket), $2 (how many there are): they tell of the number of rows, so no text has them
output: the relation's columns
grain: one row of the relation that is in the bucket
sensitivity: a row stays one row; all rows of a unit (or below one parent row) are in one bucket
-#}
select b.* from {{ relation }} b
{% if keys %}
where hash({{ keys | join(', ') }}, 0) % $2::ubigint = $1::ubigint
{% else %}
semi join ({{ above }}) a on {% for own, other in on %}b.{{ own | ident }} = a.{{ other | ident }}{{ ' and ' if not loop.last }}{% endfor %}

{% endif %}
