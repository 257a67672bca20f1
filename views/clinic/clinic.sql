-- The clinic as five related tables, typed and keyed: patients, their admissions, and what happened in those.
-- All domains are those that the head of data/clinic.sql documents.
create type sex as enum ('female', 'male', 'other');
create type blood_type as enum ('O+', 'A+', 'B+', 'AB+', 'O-', 'A-', 'B-', 'AB-');
create type insurance as enum ('public', 'private', 'none');
create type ward as enum (
    'emergency', 'medical', 'surgical', 'intensive', 'maternity', 'paediatric', 'psychiatric', 'day clinic'
);
create type kind as enum ('emergency', 'planned', 'day', 'maternity');
create type flag as enum ('low', 'normal', 'high');
-- Eight groups of five: heart, lungs, brain, belly, bones, birth, mind, other.
create type diagnosis as enum (
    'heart failure', 'infarction', 'arrhythmia', 'angina', 'hypertension',
    'pneumonia', 'lung disease', 'bronchitis', 'asthma', 'influenza',
    'stroke', 'dementia', 'epilepsy', 'migraine', 'concussion',
    'pancreatitis', 'gallstones', 'hernia', 'gastroenteritis', 'appendicitis',
    'hip fracture', 'arthrosis', 'back pain', 'wrist fracture', 'sprain',
    'childbirth', 'caesarean', 'preterm labour', 'pre-eclampsia', 'postnatal care',
    'depression', 'alcohol', 'psychosis', 'eating disorder', 'anxiety',
    'kidney failure', 'sepsis', 'cancer', 'diabetes', 'infection'
);

create table lab_items (
    item_id tinyint primary key,
    name varchar not null,
    unit varchar not null,
    low double not null,
    high double not null
);
insert into lab_items select * from {{ dataset }}.lab_items;

create table patients (
    patient_id bigint primary key,
    external_id uuid not null,
    name varchar not null,
    email varchar,
    sex sex not null,
    birth_date date not null,
    blood_type blood_type,
    insurance insurance not null,
    region varchar not null,
    smoker boolean,
    height_cm smallint check (height_cm between 40 and 215),
    weight_kg decimal(4, 1) check (weight_kg between 2 and 250),
    reminder_at time,
    registered timestamp not null,
    death_date date
);
insert into patients select * from {{ dataset }}.patients;

create table admissions (
    admission_id bigint primary key,
    patient_id bigint not null references patients (patient_id),
    admitted timestamp not null,
    discharged timestamp check (discharged > admitted),
    ward ward not null,
    kind kind not null,
    diagnosis diagnosis not null,
    triage tinyint not null check (triage between 1 and 5),
    referred date,
    follow_up date,
    cost decimal(10, 2) not null check (cost between 0 and 60000)
);
insert into admissions select * from {{ dataset }}.admissions;

create table transfers (
    transfer_id bigint primary key,
    admission_id bigint not null references admissions (admission_id),
    ward ward not null,
    started timestamp not null,
    ended timestamp check (ended > started)
);
insert into transfers select * from {{ dataset }}.transfers;

create table lab_events (
    event_id bigint primary key,
    admission_id bigint not null references admissions (admission_id),
    item_id tinyint not null references lab_items (item_id),
    taken timestamp not null,
    value double check (value >= 0),
    flag flag
);
insert into lab_events select * from {{ dataset }}.lab_events;
