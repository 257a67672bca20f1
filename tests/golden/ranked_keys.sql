select "payee", "a ""b" from (
  select "payee", "a ""b", row_number() over (
    partition by _unit
    order by md5(concat_ws('|', "id"::varchar, "c"::varchar)), "id", "c"
  ) as "_rank"
  from (select *, payer as _unit from payments) r
  where "payee" is not null and "a ""b" is not null
) where "_rank" <= 4
