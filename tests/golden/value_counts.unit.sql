select value, count(*) as n from (
  select value, row_number() over (partition by unit_key order by md5(value), value) as nth from (
    select distinct "patient" as unit_key, "name"::VARCHAR as value from "_bounded_0"
    where "name"::VARCHAR is not null
  )
) where nth <= 4 group by 1 order by 1
