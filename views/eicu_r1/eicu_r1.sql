-- Patients, their stays in a unit, and what was diagnosed and given in each. A stay's sex, age and ethnicity are eICU's of
-- that stay. Hospitals are a public list.
create table hospitals (
    hospitalid integer primary key,
    numbedscategory varchar,
    teachingstatus boolean,
    region varchar
);
insert into hospitals select * from {{ dataset }}.hospital;

create table patients (
    uniquepid varchar primary key
);
insert into patients select distinct uniquepid from {{ dataset }}.patient;

create table stays (
    patientunitstayid integer primary key,
    uniquepid varchar not null references patients (uniquepid),
    hospitalid integer not null references hospitals (hospitalid),
    gender varchar,
    age utinyint check (age between 0 and 90),
    ethnicity varchar,
    unitvisitnumber utinyint not null,
    unittype varchar,
    unitstaytype varchar,
    unitadmitsource varchar,
    unitdischargelocation varchar,
    unitdischargestatus varchar,
    hospitaldischargestatus varchar,
    admissionheight double,
    admissionweight double,
    hospitaladmitoffset integer not null,
    unitdischargeoffset integer not null
);
insert into stays
select
    patientunitstayid, uniquepid, hospitalid, nullif(gender, ''), age, nullif(ethnicity, ''), unitvisitnumber, unittype,
    unitstaytype, unitadmitsource, unitdischargelocation, unitdischargestatus, hospitaldischargestatus, admissionheight,
    admissionweight, hospitaladmitoffset, unitdischargeoffset
from {{ dataset }}.patient;

create table admission_dx (
    admissiondxid integer primary key,
    patientunitstayid integer not null references stays (patientunitstayid),
    admitdxname varchar
);
insert into admission_dx select admissiondxid, patientunitstayid, admitdxname from {{ dataset }}.admission_dx;

create table medications (
    medicationid integer primary key,
    patientunitstayid integer not null references stays (patientunitstayid),
    drugstartoffset integer not null,
    routeadmin varchar,
    frequency varchar
);
insert into medications
select medicationid, patientunitstayid, drugstartoffset, upper(routeadmin), upper(frequency)
from {{ dataset }}.medication where drugordercancelled = 'No';
