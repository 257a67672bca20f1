{#-
demo_wards: one question asked of two clinics, over three levels of their tables: each ward's share of admissions, its
  patients' mean age, and how many wards and laboratory values an admission has
inputs: real, synthetic (quoted schemas with patients, admissions, transfers, lab_events)
output: ward, share_real, share_synthetic (per cent), then age, transfers and lab events of an admission, of each
grain: one row a ward, largest first
sensitivity: exact; internal (the demo's clinic is fictional)
-#}
with rows_of_both as (
{%- for origin, schema in [('real', real), ('synthetic', synthetic)] %}
{%- if not loop.first %}

  union all
{%- endif %}

  select
    {{ origin | literal }} as origin,
    a.ward::varchar as ward,
    (a.admitted::date - p.birth_date) / 365.25 as age,
    coalesce(t.n, 0) as transfers,
    coalesce(e.n, 0) as events
  from {{ schema }}.admissions a
  join {{ schema }}.patients p using (patient_id)
  left join (select admission_id, count(*) as n from {{ schema }}.transfers group by all) t using (admission_id)
  left join (select admission_id, count(*) as n from {{ schema }}.lab_events group by all) e using (admission_id)
{%- endfor %}

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
