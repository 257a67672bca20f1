-- One row an admission, with its patient's columns; admissions without a patient do not exist.
-- All domains are those that the head of data/clinic.sql documents.
create table admissions (
    admission_id bigint primary key,
    patient_id bigint not null,
    sex enum ('female', 'male', 'other') not null,
    age utinyint not null check (age between 0 and 99),
    region enum (
        'N1', 'N2', 'N3', 'N4', 'N5', 'E1', 'E2', 'E3', 'E4', 'E5',
        'S1', 'S2', 'S3', 'S4', 'S5', 'W1', 'W2', 'W3', 'W4', 'W5'
    ) not null,
    insurance enum ('public', 'private', 'none') not null,
    blood_type enum ('O+', 'A+', 'B+', 'AB+', 'O-', 'A-', 'B-', 'AB-'),
    smoker boolean,
    weight_kg decimal(4, 1) check (weight_kg between 2 and 250),
    ward enum (
        'emergency', 'medical', 'surgical', 'intensive', 'maternity', 'paediatric', 'psychiatric', 'day clinic'
    ) not null,
    kind enum ('emergency', 'planned', 'day', 'maternity') not null,
    diagnosis enum (
        'heart failure', 'infarction', 'arrhythmia', 'angina', 'hypertension',
        'pneumonia', 'lung disease', 'bronchitis', 'asthma', 'influenza',
        'stroke', 'dementia', 'epilepsy', 'migraine', 'concussion',
        'pancreatitis', 'gallstones', 'hernia', 'gastroenteritis', 'appendicitis',
        'hip fracture', 'arthrosis', 'back pain', 'wrist fracture', 'sprain',
        'childbirth', 'caesarean', 'preterm labour', 'pre-eclampsia', 'postnatal care',
        'depression', 'alcohol', 'psychosis', 'eating disorder', 'anxiety',
        'kidney failure', 'sepsis', 'cancer', 'diabetes', 'infection'
    ) not null,
    triage tinyint not null check (triage in (1, 2, 3, 4, 5)),
    admitted timestamp not null,
    discharged timestamp,
    referred date,
    follow_up date,
    cost decimal(10, 2) not null check (cost between 0 and 60000)
);

insert into admissions
select
    admission_id,
    patient_id,
    sex,
    (admitted::date - birth_date) * 100 // 36525,
    region,
    insurance,
    blood_type,
    smoker,
    weight_kg,
    ward,
    kind,
    diagnosis,
    triage,
    admitted,
    discharged,
    referred,
    follow_up,
    cost
from {{ dataset }}.admissions
join {{ dataset }}.patients using (patient_id);
