{#-
bounded_rows: a table's rows such that one privacy unit's rows weigh at most k in total
inputs: source (SQL of a relation), unit (column), k, one (the integer that stands for a weight of 1),
  bound ('weights' or 'rows'), order_by (columns that rank a unit's rows where bound is 'rows'),
  weight, rank (names that no column of the source has)
output: the columns of the source, and the weight (integer, in units of 1 / one)
grain: one row of the source; rows whose unit is NULL are outside the release. With bound 'weights' a unit of n > k
  rows gets floor(one * k / n) a row; with 'rows' it keeps the k rows of lowest md5 rank.
note: `group by all` would tell texts apart that a collation, and the join, hold for equal
sensitivity: adding or removing a unit changes the sum of weights by at most k * one; which rows of a unit stay, and
  their weights, depend on that unit's rows alone
-#}
{% if bound == 'weights' %}
select t.*, (case when u.n <= {{ k }} then {{ one }} else {{ one }} * {{ k }}::bigint // u.n end)::bigint as {{ weight | ident }}
from {{ source }} t join (
  select {{ unit | ident }} as unit_key, count(*) as n from {{ source }} group by {{ unit | ident }}
) u on t.{{ unit | ident }} = u.unit_key
{% else %}
select t.* exclude ({{ rank | ident }}), {{ one }}::bigint as {{ weight | ident }} from (
  select s.*, row_number() over (
    partition by {{ unit | ident }}
    order by md5(concat_ws('|'{% for c in order_by %}, {{ c | ident }}::varchar{% endfor %})){% for c in order_by %}, {{ c | ident }}{% endfor %}

  ) as {{ rank | ident }}
  from {{ source }} s where {{ unit | ident }} is not null
) t where {{ rank | ident }} <= {{ k }}
{% endif %}
