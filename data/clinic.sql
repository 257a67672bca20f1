/* clinic.sql: a fictional hospital of any size, made by SQL alone. Nobody in it exists.

   Input: the DuckDB variable `patients` (100 to 100000000), and an empty current schema. In the DuckDB shell:
       set variable patients = 2000;
       .read data/clinic.sql
   Output: five tables with keys. The same number of patients gives the same tables on every version of DuckDB, at
   any number of threads: every value is whole-number arithmetic on the row's own key (and md5 for the UUID). There
   is no random(), no hash(), no window and no float sum; statements stream in little memory. Keys are indexes, which
   take about 1 kB of memory a patient; beyond ten million patients leave them out (views/clinic_data does, on request).
   Sensitivity: none.

   patients: one row a patient.
     patient_id     BIGINT, key       1 to the number of patients
     external_id    UUID              a second identifier, as another system would give it
     name           VARCHAR           first name and surname
     email          VARCHAR, NULL     given by 6 in 10
     sex            ENUM              female, male, other
     birth_date     DATE              1925-01-01 to 2024-06-30
     blood_type     ENUM, NULL        O+ A+ B+ AB+ O- A- B- AB-; unknown for 1 in 7
     insurance      ENUM              public, private, none; follows the age
     region         VARCHAR           20 postcode regions, N1 to N5, E1 to E5, S1 to S5, W1 to W5; skewed
     smoker         BOOLEAN, NULL     NULL below the age of 15 and where nobody asked
     height_cm      SMALLINT, NULL    40 to 215; follows sex and age
     weight_kg      DECIMAL(4,1), NULL  2.0 to 250.0; follows height; NULL with height_cm
     reminder_at    TIME, NULL        when to be reminded of appointments, on the half hour
     registered     TIMESTAMP         2015-01-01 to 2024-07-31, office hours, not before birth
     death_date     DATE, NULL        after the last discharge, to 2024-12-31; likelier in old age

   admissions: 0 to 31 a patient, none for about 30 %, a long tail; each one starts after the one before has ended.
     admission_id   BIGINT, key       patient_id * 32 + place in time (0 first)
     patient_id     BIGINT            -> patients
     admitted       TIMESTAMP         2015-01-02 to 2024-12-31
     discharged     TIMESTAMP, NULL   3 hours to 60 days later; NULL for 3 % who left without notice
     ward           ENUM              emergency, medical, surgical, intensive, maternity, paediatric, psychiatric, day clinic
     kind           ENUM              emergency, planned, day, maternity
     diagnosis      ENUM              40 diagnoses, eight groups of five; follow age and sex
     triage         TINYINT           1 (at once) to 5 (can wait)
     referred       DATE, NULL        0 to 90 days before `admitted`; NULL when nobody referred
     follow_up      DATE, NULL        5 to 120 days after `discharged`
     cost           DECIMAL(10,2)     0.00 for about one in five (nothing to pay), else 80.00 to 60000.00

   transfers: 1 to 6 an admission: the wards of a stay, in time, without gaps.
     transfer_id    BIGINT, key       admission_id * 8 + place in time
     admission_id   BIGINT            -> admissions
     ward           ENUM              as above; starts in emergency, passes through intensive, follows the one before
     started        TIMESTAMP         the first is `admitted`
     ended          TIMESTAMP, NULL   the next one's start; the last is `discharged`

   lab_items (public): 24 measurements: item_id TINYINT key 1 to 24, name, unit, and the usual range low to high.

   lab_events: 0 to 360 an admission, none for about 35 %, a long tail.
     event_id       BIGINT, key       admission_id * 512 + place in time
     admission_id   BIGINT            -> admissions
     item_id        TINYINT           -> lab_items
     taken          TIMESTAMP         within the stay, in rounds of several items
     value          DOUBLE, NULL      follows item, the patient's sex and age, the diagnosis, and the two values before
     flag           ENUM, NULL        low, normal, high against lab_items; NULL with value (2 % spoilt samples) */

-- Scrambles a whole number to 32 even bits (the "hash prospector" constants 16 21f0aaad 15 735a2d97 15; products stay
-- below 2^63). Argument: 0 to 2^32 - 1.
create or replace temp macro clinic_fold(x, shift) as xor(x, x >> shift);
create or replace temp macro clinic_mix(x) as
    clinic_fold(clinic_fold(clinic_fold(x::bigint, 16) * 569420461 & 4294967295, 15) * 1935289751 & 4294967295, 15);
-- Draw number `stream` of a row whose scrambled key is h: a whole number, 0 to n - 1, each as likely.
create or replace temp macro clinic_draw(h, stream, n) as
    ((h * (clinic_mix(stream * 7919) & 2147483647 | 1) % 4294967291) * n) >> 32;
-- The sum of three draws less their mean: a bell from -3*half to 3*half with a standard deviation of 1.73 * half.
create or replace temp macro clinic_bell(h, stream, half) as
    clinic_draw(h, stream, 2 * half + 1) + clinic_draw(h, stream + 1, 2 * half + 1)
    + clinic_draw(h, stream + 2, 2 * half + 1) - 3 * half;
-- The scrambled key of a patient, and what other tables need of a patient. Days count from 1970-01-01.
create or replace temp macro clinic_patient(patient_id) as clinic_mix(patient_id);
create or replace temp macro clinic_female(h) as clinic_draw(h, 1, 1000) < 508;
create or replace temp macro clinic_born(h) as 19904 - clinic_draw(h, 2, 21000) - clinic_draw(h, 3, 15338);
create or replace temp macro clinic_day(days) as date '1970-01-01' + days::integer;
create or replace temp macro clinic_minute(minutes) as make_timestamp(minutes * 60000000);
create or replace temp macro clinic_minutes(moment) as epoch_us(moment) // 60000000;

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

insert into patients
with keys as not materialized (
    select patient_id, clinic_patient(patient_id) as h
    from range(1, getvariable('patients')::bigint + 1) as numbers(patient_id)
),
people as not materialized (
    select patient_id, h, clinic_female(h) as female, clinic_born(h) as born from keys
),
facts as not materialized (
    select
        *,
        (20089 - born) * 100 // 36525 as age,
        greatest(born, 16436 + clinic_draw(h, 26, 3499)) as registered,
        [
            'Ada', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gwen', 'Hugo', 'Ida', 'Jonas', 'Kira', 'Leo',
            'Mara', 'Nils', 'Olga', 'Paul', 'Rosa', 'Sam', 'Tess', 'Udo', 'Vera', 'Wim', 'Yara', 'Zeno'
        ][1 + 2 * clinic_draw(h, 27, 12) + (not female)::int] as first_name,
        [
            'Abel', 'Brook', 'Cole', 'Dale', 'Ernst', 'Field', 'Grove', 'Hill', 'Irving', 'Jansen', 'Klein', 'Lake',
            'Marsh', 'North', 'Oak', 'Pond', 'Quint', 'Reed', 'Stone', 'Thorn', 'Ulm', 'Vale', 'Wood', 'York'
        ][1 + clinic_draw(h, 28, 24)] as surname,
        clinic_draw(h, 29, 100) as blood,
        clinic_draw(h, 5, 100) as cover,
        clinic_draw(h, 19, 100) < 92 as measured
    from people
),
bodies as not materialized (
    select
        *,
        case
            when age < 17 then 52 + age * 7 + clinic_bell(h, 20, 3)
            when female then 164 + clinic_bell(h, 20, 4)
            else 177 + clinic_bell(h, 20, 4)
        end as height,
        -- Tenths of kg/m^2.
        case when age < 17 then 160 + clinic_bell(h, 23, 12) else 240 + age // 2 + clinic_bell(h, 23, 28) end as bmi
    from facts
)
select
    patient_id,
    md5('clinic ' || patient_id)::uuid,
    first_name || ' ' || surname,
    case when clinic_draw(h, 4, 10) < 6 then lower(first_name || '.' || surname) || patient_id || '@example.org' end,
    case when female then 'female' when clinic_draw(h, 1, 1000) < 995 then 'male' else 'other' end,
    clinic_day(born),
    case
        when blood < 34 then 'O+' when blood < 61 then 'A+' when blood < 69 then 'B+' when blood < 72 then 'AB+'
        when blood < 78 then 'O-' when blood < 83 then 'A-' when blood < 85 then 'B-' when blood < 86 then 'AB-'
    end,
    case
        when cover < 70 + (age >= 65)::int * 20 + (age < 18)::int * 15 then 'public'
        when cover < 93 + (age >= 65)::int * 6 + (age < 18)::int * 5 then 'private'
        else 'none'
    end,
    -- The product of two draws prefers small numbers.
    ['N', 'E', 'S', 'W'][1 + clinic_draw(h, 6, 4)] || (1 + clinic_draw(h, 7, 5) * clinic_draw(h, 8, 6) // 5),
    case
        when age >= 15 and clinic_draw(h, 9, 100) < 88
        then clinic_draw(h, 10, 100) < 14 + (not female)::int * 8 + (age between 25 and 60)::int * 6
    end,
    case when measured then height end,
    case when measured then height * height * bmi // 10000 / 10 end,
    case when clinic_draw(h, 11, 100) < 60 then make_time(14 + clinic_bell(h, 12, 2), 30 * clinic_draw(h, 15, 2), 0) end,
    clinic_minute(registered * 1440 + 480 + clinic_draw(h, 16, 600)),
    case
        when clinic_draw(h, 17, 1000) < case when age < 50 then 6 when age < 70 then 40 when age < 85 then 150 else 400 end
        then clinic_day(registered + 30 + clinic_draw(h, 18, 20059 - registered))
    end
from bodies;

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

-- A patient's time from the day after registration to death (or 2024-12-31) is cut into as many slots as there are
-- admissions; each one starts in the first half of its slot and ends within it.
insert into admissions
with times as not materialized (
    select
        patient_id,
        clinic_patient(patient_id) as p,
        sex = 'female' as female,
        insurance,
        birth_date - date '1970-01-01' as born,
        (date '2025-01-01' - birth_date) * 100 // 36525 as age,
        (clinic_minutes(registered) // 1440 + 1) * 1440 as opens,
        (coalesce(death_date, date '2024-12-31') - date '1970-01-01') * 1440 as shuts
    from patients
),
counts as not materialized (
    -- Dividing by a draw gives a long tail. A slot has ten days at least.
    select
        * exclude (age),
        least(
            (shuts - opens) // 14400,
            case
                when clinic_draw(p, 60, 1000) < 370 - 2 * age then 0
                else least(31, 1 + (400 + age) // (16 + clinic_draw(p, 61, 1000)))
            end
        ) as number
    from times
),
places as not materialized (
    select *, unnest(range(number)) as place from counts
),
slots as not materialized (
    select
        *,
        patient_id * 32 + place as admission_id,
        clinic_mix(xor(patient_id * 32 + place, 1431655765)) as h,
        (shuts - opens) // number as slot
    from places
),
arrivals as not materialized (
    select *, opens + place * slot + clinic_draw(h, 52, slot * 4 // 10) as arrives from slots
),
draws as not materialized (
    select
        *,
        (arrives // 1440 - born) * 100 // 36525 as age,
        clinic_draw(h, 51, 100) as u,
        clinic_draw(h, 49, 100) * clinic_draw(h, 50, 100) * 5 // 10000 as detail
    from arrivals
),
topics as not materialized (
    -- The group of the diagnosis: 0 heart, 1 lungs, 2 brain, 3 belly, 4 bones, 5 birth, 6 mind, 7 other.
    select
        *,
        case
            when age < 16
            then case when u < 38 then 1 when u < 60 then 3 when u < 86 then 4 when u < 95 then 2 else 7 end
            when age < 50 and female
            then case when u < 34 then 5 when u < 52 then 6 when u < 68 then 3 when u < 79 then 4 when u < 88 then 2 else 7 end
            when age < 50
            then
                case
                    when u < 30 then 4 when u < 52 then 6 when u < 71 then 3 when u < 79 then 1
                    when u < 86 then 0 when u < 92 then 2 else 7
                end
            else
                case
                    when u < 14 + age // 4 - female::int * 8 then 0 when u < 45 - female::int * 3 then 4
                    when u < 60 then 1 when u < 71 then 2 when u < 82 then 3 when u < 87 then 6 else 7
                end
        end as topic
    from draws
),
kinds as not materialized (
    select
        *,
        case
            when topic = 5 then 'maternity'
            when clinic_draw(h, 47, 100) < 30 + age // 3 then 'emergency'
            when clinic_draw(h, 48, 100) < 55 then 'planned'
            else 'day'
        end as kind
    from topics
),
states as not materialized (
    select
        *,
        kind = 'emergency' and topic in (0, 1, 2, 7) and clinic_draw(h, 46, 100) < 6 + age // 8 as intensive,
        clinic_draw(h, 41, 100) < 3 as vanished,
        clinic_draw(h, 40, 100)
            < case kind when 'planned' then 95 when 'day' then 80 when 'maternity' then 70 else 10 end as referred,
        -- Planned stays begin in the morning of the next day.
        case
            when kind in ('planned', 'day') then (arrives // 1440 + 1) * 1440 + 420 + 15 * clinic_draw(h, 42, 16)
            else arrives
        end as starts
    from kinds
),
stays as not materialized (
    select
        *,
        -- Minutes, 3 hours to 60 days.
        greatest(180, least(86400, slot * 4 // 10, clinic_draw(h, 45, 60) + 60 * (100 + age) // 150 * case
            when kind = 'day' then 4 + clinic_draw(h, 43, 6)
            when kind = 'planned' then 24 + 24 * (240 // (25 + clinic_draw(h, 43, 1000)))
            when intensive then 72 + 48 * (1000 // (40 + clinic_draw(h, 43, 1000)))
            else 12 + clinic_draw(h, 44, 36) + 24 * (900 // (20 + clinic_draw(h, 43, 1000)))
        end)) as stay
    from states
)
select
    admission_id,
    patient_id,
    clinic_minute(starts),
    case when not vanished then clinic_minute(starts + stay) end,
    case
        when intensive then 'intensive'
        when kind = 'emergency' and stay < 1200 then 'emergency'
        when kind = 'day' then 'day clinic'
        when kind = 'maternity' then 'maternity'
        when age < 16 then 'paediatric'
        when topic = 6 then 'psychiatric'
        when topic in (3, 4) then 'surgical'
        else 'medical'
    end,
    kind,
    -- The first of a group is the commonest in old age, the last below 50.
    enum_range(null::diagnosis)[1 + topic * 5 + case when age < 50 and topic <> 5 then 4 - detail else detail end],
    case
        when kind = 'emergency' then least(5, 1 + clinic_draw(h, 38, 3) + (not intensive)::int + clinic_draw(h, 39, 2))
        when kind = 'maternity' then 2 + clinic_draw(h, 38, 3)
        else 4 + (clinic_draw(h, 38, 10) > 3)::int
    end,
    case when referred then clinic_day(starts // 1440 - clinic_draw(h, 30, 91) * clinic_draw(h, 31, 91) // 90) end,
    case
        when not vanished and clinic_draw(h, 32, 100) < 60
        then clinic_day((starts + stay) // 1440 + 5 + clinic_draw(h, 33, 116) * clinic_draw(h, 34, 116) // 115)
    end,
    -- In hundredths: a fee, a bed, and so much a minute.
    case
        when clinic_draw(h, 35, 100) < case when insurance = 'none' then 4 when kind = 'day' then 35 else 17 end then 0
        else least(
            8000 + clinic_draw(h, 36, 30000) + (kind <> 'day')::int * 45000
            + stay * (22 + clinic_draw(h, 37, 12)) * case when intensive then 3 else 1 end,
            6000000
        ) / 100
    end
from stays;

create table transfers (
    transfer_id bigint primary key,
    admission_id bigint not null references admissions (admission_id),
    ward ward not null,
    started timestamp not null,
    ended timestamp check (ended > started)
);

-- The start of part `place` of `number` of a stay: equal parts, whose starts (but the first) then move to later times.
create or replace temp macro clinic_cut(h, starts, stay, place, number) as
    starts + stay * place // number
    + case when place = 0 then 0 else clinic_draw(clinic_mix(h + place), 70, stay // (2 * number)) end;

insert into transfers
with stays as not materialized (
    select
        admission_id,
        ward,
        kind,
        discharged,
        clinic_mix(xor(admission_id, 858993459)) as h,
        clinic_minutes(admitted) as starts,
        clinic_minutes(coalesce(discharged, admitted + interval 2 day)) - clinic_minutes(admitted) as stay
    from admissions
),
counts as not materialized (
    select
        *,
        case
            when kind = 'day' then 1
            else least(6, 1 + (kind = 'emergency' and ward <> 'emergency')::int + (ward = 'intensive')::int
                + (clinic_draw(h, 73, 100) < 15)::int + stay // 14400)
        end as number
    from stays
),
places as not materialized (
    select *, unnest(range(number)) as place from counts
)
select
    admission_id * 8 + place,
    admission_id,
    case
        when place = 0 and kind = 'emergency' then 'emergency'
        when ward = 'intensive' and place <> 1 then case when clinic_draw(h, 71, 10) < 7 then 'medical' else 'surgical' end
        when place >= 2 and place + 1 < number and clinic_draw(clinic_mix(h + place), 72, 100) < 25 then 'intensive'
        else ward
    end,
    clinic_minute(clinic_cut(h, starts, stay, place, number)),
    case
        when place + 1 < number then clinic_minute(clinic_cut(h, starts, stay, place + 1, number))
        else discharged
    end
from places;

create table lab_items (
    item_id tinyint primary key,
    name varchar not null,
    unit varchar not null,
    low double not null,
    high double not null
);

-- Four panels of six.
insert into lab_items values
    (1, 'sodium', 'mmol/L', 135, 145), (2, 'potassium', 'mmol/L', 3.5, 5.1), (3, 'creatinine', 'umol/L', 50, 110),
    (4, 'urea', 'mmol/L', 2.5, 7.8), (5, 'glucose', 'mmol/L', 3.9, 7.8), (6, 'calcium', 'mmol/L', 2.2, 2.6),
    (7, 'haemoglobin', 'g/L', 120, 170), (8, 'leukocytes', '10^9/L', 4, 11), (9, 'platelets', '10^9/L', 150, 400),
    (10, 'haematocrit', '%', 36, 50), (11, 'neutrophils', '10^9/L', 2, 7.5), (12, 'lymphocytes', '10^9/L', 1, 4),
    (13, 'C-reactive protein', 'mg/L', 0, 10), (14, 'lactate', 'mmol/L', 0.5, 2), (15, 'pH', '1', 7.35, 7.45),
    (16, 'oxygen pressure', 'kPa', 10, 14), (17, 'bicarbonate', 'mmol/L', 22, 28), (18, 'troponin', 'ng/L', 0, 20),
    (19, 'bilirubin', 'umol/L', 3, 21), (20, 'albumin', 'g/L', 35, 50), (21, 'ALT', 'U/L', 7, 45),
    (22, 'ferritin', 'ug/L', 20, 300), (23, 'TSH', 'mU/L', 0.4, 4), (24, 'vitamin D', 'nmol/L', 50, 125);

create table lab_events (
    event_id bigint primary key,
    admission_id bigint not null references admissions (admission_id),
    item_id tinyint not null references lab_items (item_id),
    taken timestamp not null,
    value double check (value >= 0),
    flag flag
);

-- A value is the middle of the item's range plus, in units of half the range: the patient's own level, three shocks
-- (this turn's and those of the two turns before, so that neighbours in time are alike), and what sex, age and
-- diagnosis add. It is a whole number of thousandths until the last division.
insert into lab_events
with stays as not materialized (
    select
        admission_id,
        ward,
        clinic_mix(xor(admission_id, 252645135)) as h,
        clinic_patient(admission_id >> 5) as p,
        enum_code(diagnosis) // 5 as topic,
        ward = 'intensive' or diagnosis = 'sepsis' as ill,
        admitted::date - date '1970-01-01' as today,
        clinic_minutes(admitted) as starts,
        clinic_minutes(coalesce(discharged, admitted + interval 2 day)) - clinic_minutes(admitted) as stay
    from admissions
),
counts as not materialized (
    select
        *,
        clinic_female(p) as female,
        (today - clinic_born(p)) * 100 // 36525 as age,
        clinic_draw(h, 84, 100) as u,
        3 + clinic_draw(h, 83, 4) as size,
        case
            when clinic_draw(h, 81, 100) < case when ill then 5 when ward = 'day clinic' then 60 else 32 end then 0
            else least(60, stay // 120, 1 + case when ill then 1500 else 400 end // (10 + clinic_draw(h, 82, 1000)))
        end as turns
    from stays
),
places as not materialized (
    select
        *,
        case when u < 40 then 0 when u < 70 then 1 when ill or topic < 2 then 2 else 3 end as panel,
        unnest(range(turns * size)) as place
    from counts
),
events as not materialized (
    select
        *,
        place // size as turn,
        (panel * 6 + place % size + 1)::tinyint as item_id
    from places
),
levels as not materialized (
    select
        *,
        5 * clinic_draw(clinic_mix(xor(p, item_id)), 80, 2048)
        + 4 * (clinic_mix(xor(h, item_id * 256 + turn + 2)) % 2048)
        + 3 * (clinic_mix(xor(h, item_id * 256 + turn + 1)) % 2048)
        + 2 * (clinic_mix(xor(h, item_id * 256 + turn)) % 2048)
        - 14336
        + case
            when item_id in (7, 10) then case when female then -4000 else 2500 end
            when item_id = 3 then age * 120 - 4000 + case when female then -3000 else 2000 end
            when item_id = 4 then age * 80 - 2000
            when item_id = 20 then 3000 - age * 90
            when item_id in (8, 11, 13) then case when topic = 1 then 9000 when ill then 14000 else 0 end
            when item_id = 14 and ill then 12000
            when item_id = 18 and topic = 0 then 16000
            when item_id = 5 then age * 60 - 1500
            else 0
        end as level
    from events
),
items as not materialized (
    -- Whole numbers for wide ranges, one decimal, then two.
    select
        item_id,
        (low * 1000)::bigint as low,
        (high * 1000)::bigint as high,
        case when high - low > 20 then 1000 when high - low > 2 then 100 else 10 end as step
    from lab_items
),
raws as not materialized (
    select *, greatest(0, (low + high) // 2 + (high - low) // 2 * level // 8686) as raw
    from levels
    join items using (item_id)
),
measured as not materialized (
    select *, case when clinic_mix(xor(h, place)) % 50 <> 0 then raw - raw % step end as thousandths from raws
)
select
    admission_id * 512 + place,
    admission_id,
    item_id,
    clinic_minute(starts + stay * (turn + 1) // (turns + 1) + place % size),
    thousandths / 1000,
    case when thousandths < low then 'low' when thousandths > high then 'high' when thousandths is not null then 'normal' end
from measured;

drop macro clinic_cut;
drop macro clinic_minutes;
drop macro clinic_minute;
drop macro clinic_day;
drop macro clinic_born;
drop macro clinic_female;
drop macro clinic_patient;
drop macro clinic_bell;
drop macro clinic_draw;
drop macro clinic_mix;
drop macro clinic_fold;
