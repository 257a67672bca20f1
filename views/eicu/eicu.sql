-- eICU's own columns and names, typed. Times are minutes from the admission to the unit, as eICU has them.
create table hospital as
select hospitalid::integer as hospitalid, nullif(numbedscategory, '') as numbedscategory,
    try_cast(teachingstatus as boolean) as teachingstatus, nullif(region, '') as region
from read_csv({{ raw_file('hospital.csv') | literal }}, header = true, all_varchar = true);

create table patient as
select
    uniquepid,
    patientunitstayid::integer as patientunitstayid,
    gender,
    -- Whoever is older than 89 is '> 89'.
    case when age like '>%' then 90 else try_cast(age as utinyint) end::utinyint as age,
    ethnicity,
    hospitalid::integer as hospitalid,
    unitvisitnumber::utinyint as unitvisitnumber,
    unittype, unitstaytype, unitadmitsource, unitdischargelocation, unitdischargestatus, hospitaldischargestatus,
    admissionheight::double as admissionheight,
    admissionweight::double as admissionweight,
    hospitaladmitoffset::integer as hospitaladmitoffset,
    unitdischargeoffset::integer as unitdischargeoffset
from read_csv({{ raw_file('patient.csv') | literal }}, header = true, all_varchar = true);

create table admission_dx as
select
    admissiondxid::integer as admissiondxid,
    patientunitstayid::integer as patientunitstayid,
    admitdxenteredoffset::integer as admitdxenteredoffset,
    admitdxpath, admitdxname
from read_csv({{ raw_file('admissionDx.csv') | literal }}, header = true, all_varchar = true);

create table medication as
select
    medicationid::integer as medicationid,
    patientunitstayid::integer as patientunitstayid,
    drugstartoffset::integer as drugstartoffset,
    drugordercancelled, drugname, routeadmin, frequency
from read_csv({{ raw_file('medication.csv') | literal }}, header = true, all_varchar = true);
