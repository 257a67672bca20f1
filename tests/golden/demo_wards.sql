with rows_of_both as (
  select 'real' as origin, ward::varchar as ward, age, sex::varchar as sex from "clinic"."admissions"
  union all
  select 'synthetic', ward::varchar, age, sex::varchar from "made"."main"."admissions"
), totals as (
  select count(*) filter (origin = 'real') as n_real, count(*) filter (origin = 'synthetic') as n_synthetic
  from rows_of_both
)
select
  ward,
  100 * count(*) filter (origin = 'real') / any_value(n_real) as share_real,
  100 * count(*) filter (origin = 'synthetic') / any_value(n_synthetic) as share_synthetic,
  avg(age) filter (origin = 'real') as age_real,
  avg(age) filter (origin = 'synthetic') as age_synthetic,
  100 * avg((sex = 'female')::integer) filter (origin = 'real') as women_real,
  100 * avg((sex = 'female')::integer) filter (origin = 'synthetic') as women_synthetic
from rows_of_both, totals
group by ward
order by share_real desc, ward
