-- Patients, their admissions, and where in the hospital they were. A patient's year of birth is that of MIMIC's shifted
-- calendar: anchor_year less anchor_age. A transfer without an admission (a visit to the emergency department alone) belongs
-- to no row here and is left out; patients without an admission stay.
create table patients (
    subject_id integer primary key,
    gender enum ('F', 'M') not null,
    birth_year smallint not null check (birth_year between 2000 and 2200),
    dod date
);
insert into patients
select subject_id, gender, anchor_year - anchor_age, dod from {{ dataset }}.patients;

create table admissions (
    hadm_id integer primary key,
    subject_id integer not null references patients (subject_id),
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
    hadm_id, subject_id, admittime, dischtime, deathtime, admission_type, admission_location, discharge_location, insurance,
    language, marital_status, race, hospital_expire_flag
from {{ dataset }}.admissions;

create table transfers (
    transfer_id integer primary key,
    hadm_id integer not null references admissions (hadm_id),
    subject_id integer not null references patients (subject_id),
    eventtype enum ('ED', 'admit', 'transfer', 'discharge') not null,
    careunit varchar,
    intime timestamp not null,
    outtime timestamp
);
insert into transfers
select transfer_id, hadm_id, subject_id, eventtype, careunit, intime, outtime
from {{ dataset }}.transfers where hadm_id is not null;
