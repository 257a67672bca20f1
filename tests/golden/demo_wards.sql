with rows_of_both as (
  select
    'real' as origin,
    a.ward::varchar as ward,
    (a.admitted::date - p.birth_date) / 365.25 as age,
    coalesce(t.n, 0) as transfers,
    coalesce(e.n, 0) as events
  from "clinic".admissions a
  join "clinic".patients p using (patient_id)
  left join (select admission_id, count(*) as n from "clinic".transfers group by all) t using (admission_id)
  left join (select admission_id, count(*) as n from "clinic".lab_events group by all) e using (admission_id)
  union all
  select
    'synthetic' as origin,
    a.ward::varchar as ward,
    (a.admitted::date - p.birth_date) / 365.25 as age,
    coalesce(t.n, 0) as transfers,
    coalesce(e.n, 0) as events
  from "made"."main".admissions a
  join "made"."main".patients p using (patient_id)
  left join (select admission_id, count(*) as n from "made"."main".transfers group by all) t using (admission_id)
  left join (select admission_id, count(*) as n from "made"."main".lab_events group by all) e using (admission_id)
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
  avg(transfers) filter (origin = 'real') as transfers_real,
  avg(transfers) filter (origin = 'synthetic') as transfers_synthetic,
  avg(events) filter (origin = 'real') as events_real,
  avg(events) filter (origin = 'synthetic') as events_synthetic
from rows_of_both, totals
group by ward
order by share_real desc, ward
