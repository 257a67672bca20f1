-- Patients who were in intensive care, their stays, and the measured output of each stay. MIMIC's own list of items is public.
create table items (
    itemid integer primary key,
    label varchar not null,
    category varchar,
    unitname varchar
);
insert into items
select itemid, label, category, unitname from {{ dataset }}.d_items where linksto = 'outputevents';

create table patients (
    subject_id integer primary key,
    gender enum ('F', 'M') not null,
    birth_year smallint not null check (birth_year between 2000 and 2200),
    dod date
);
insert into patients
select subject_id, gender, anchor_year - anchor_age, dod from {{ dataset }}.patients p
where exists (select 1 from {{ dataset }}.icustays s where s.subject_id = p.subject_id);

create table stays (
    stay_id integer primary key,
    subject_id integer not null references patients (subject_id),
    first_careunit varchar,
    last_careunit varchar,
    intime timestamp not null,
    outtime timestamp
);
insert into stays
select stay_id, subject_id, first_careunit, last_careunit, intime, outtime from {{ dataset }}.icustays;

create table events (
    event_id integer primary key,
    stay_id integer not null references stays (stay_id),
    itemid integer not null references items (itemid),
    charttime timestamp not null,
    value double
);
insert into events
select row_number() over (order by stay_id, charttime, itemid), stay_id, itemid, charttime, value
from {{ dataset }}.outputevents where stay_id is not null;
