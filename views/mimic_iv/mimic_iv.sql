-- MIMIC-IV's own columns and names, typed. Providers, caregivers, orders and storage times are left out.
create table patients as
select
    subject_id::integer as subject_id,
    gender,
    anchor_age::utinyint as anchor_age,
    anchor_year::smallint as anchor_year,
    dod::date as dod
from read_csv({{ raw_file('hosp/patients.csv') | literal }}, header = true, all_varchar = true);

create table admissions as
select
    subject_id::integer as subject_id,
    hadm_id::integer as hadm_id,
    admittime::timestamp as admittime,
    dischtime::timestamp as dischtime,
    deathtime::timestamp as deathtime,
    admission_type,
    admission_location,
    discharge_location,
    insurance,
    language,
    marital_status,
    race,
    hospital_expire_flag::utinyint as hospital_expire_flag
from read_csv({{ raw_file('hosp/admissions.csv') | literal }}, header = true, all_varchar = true);

create table transfers as
select
    subject_id::integer as subject_id,
    hadm_id::integer as hadm_id,
    transfer_id::integer as transfer_id,
    eventtype,
    careunit,
    intime::timestamp as intime,
    outtime::timestamp as outtime
from read_csv({{ raw_file('hosp/transfers.csv') | literal }}, header = true, all_varchar = true);

create table icustays as
select
    subject_id::integer as subject_id,
    hadm_id::integer as hadm_id,
    stay_id::integer as stay_id,
    first_careunit,
    last_careunit,
    intime::timestamp as intime,
    outtime::timestamp as outtime
from read_csv({{ raw_file('icu/icustays.csv') | literal }}, header = true, all_varchar = true);

create table d_items as
select itemid::integer as itemid, label, abbreviation, linksto, category, unitname
from read_csv({{ raw_file('icu/d_items.csv') | literal }}, header = true, all_varchar = true);

create table outputevents as
select
    stay_id::integer as stay_id,
    charttime::timestamp as charttime,
    itemid::integer as itemid,
    value::double as value,
    valueuom
from read_csv({{ raw_file('icu/outputevents.csv') | literal }}, header = true, all_varchar = true);
