-- A row an admission. A patient may have several: the unit is subject_id, not the row.
create table admissions (
    hadm_id integer primary key,
    subject_id integer not null,
    gender enum ('F', 'M') not null,
    birth_year smallint not null check (birth_year between 2000 and 2200),
    dod date,
    admittime timestamp not null,
    dischtime timestamp,
    deathtime timestamp,
    admission_type varchar not null,
    admission_location varchar,
    discharge_location varchar,
    insurance varchar,
    language varchar,
    marital_status enum ('DIVORCED', 'MARRIED', 'SINGLE', 'WIDOWED'),
    race varchar,
    hospital_expire_flag utinyint not null check (hospital_expire_flag in (0, 1))
);
insert into admissions
select
    a.hadm_id, a.subject_id, p.gender, p.anchor_year - p.anchor_age, p.dod, a.admittime, a.dischtime, a.deathtime,
    a.admission_type, a.admission_location, a.discharge_location, a.insurance, a.language, a.marital_status, a.race,
    a.hospital_expire_flag
from {{ dataset }}.admissions a join {{ dataset }}.patients p on p.subject_id = a.subject_id;
