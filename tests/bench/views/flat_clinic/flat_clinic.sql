-- The baseline: patients, admissions and laboratory values as one table, as those do whose method knows one table only.
create table flat as
select p.* exclude (external_id, name), a.* exclude (patient_id, admission_id),
    e.taken, e.item_id::varchar::enum (
        '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14', '15', '16', '17', '18', '19', '20', '21',
        '22', '23', '24'
    ) as item_id, e.value, e.flag
from {{ dataset }}.patients p
left join {{ dataset }}.admissions a using (patient_id)
left join {{ dataset }}.lab_events e using (admission_id);
