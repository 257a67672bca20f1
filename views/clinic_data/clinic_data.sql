{# Runs data/clinic.sql for as many patients as asked for; without its keys where those are not wanted. #}
set variable patients = {{ parameters.patients | literal }};
{% if parameters.keys %}
{{ data_sql('clinic.sql') }}
{% else %}
{{
    data_sql('clinic.sql')
    | replace(' primary key', '')
    | replace(' references patients (patient_id)', '')
    | replace(' references admissions (admission_id)', '')
    | replace(' references lab_items (item_id)', '')
}}
{% endif %}
reset variable patients;
