-- 15 typed columns under the names that UCI gives them.
--
-- Every domain is public. Categories are those that adult.names lists, and '?' where it names unknown values. Bounds:
--   age              adult.names took AAGE > 16; the survey's public file calls all who are older 90
--   education-num    the 16 levels of education that adult.names lists
--   hours-per-week   adult.names took HRSWK > 0; the survey's field has two digits
--   capital-gain     five digits in the survey's public file (99999 is its highest code)
--   capital-loss, fnlwgt   the range that papers on this public data set print, rounded up
-- NOT NULL: adult.names writes '?' for what is unknown, so nothing is missing.
create table adult (
    age utinyint not null check (age between 17 and 90),
    workclass enum (
        'Private', 'Self-emp-not-inc', 'Self-emp-inc', 'Federal-gov', 'Local-gov', 'State-gov', 'Without-pay',
        'Never-worked', '?'
    ) not null,
    fnlwgt integer not null check (fnlwgt between 0 and 1500000),
    education enum (
        'Bachelors', 'Some-college', '11th', 'HS-grad', 'Prof-school', 'Assoc-acdm', 'Assoc-voc', '9th', '7th-8th',
        '12th', 'Masters', '1st-4th', '10th', 'Doctorate', '5th-6th', 'Preschool'
    ) not null,
    "education-num" utinyint not null
        check ("education-num" in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)),
    "marital-status" enum (
        'Married-civ-spouse', 'Divorced', 'Never-married', 'Separated', 'Widowed', 'Married-spouse-absent',
        'Married-AF-spouse'
    ) not null,
    occupation enum (
        'Tech-support', 'Craft-repair', 'Other-service', 'Sales', 'Exec-managerial', 'Prof-specialty',
        'Handlers-cleaners', 'Machine-op-inspct', 'Adm-clerical', 'Farming-fishing', 'Transport-moving',
        'Priv-house-serv', 'Protective-serv', 'Armed-Forces', '?'
    ) not null,
    relationship enum (
        'Wife', 'Own-child', 'Husband', 'Not-in-family', 'Other-relative', 'Unmarried'
    ) not null,
    race enum ('White', 'Asian-Pac-Islander', 'Amer-Indian-Eskimo', 'Other', 'Black') not null,
    sex enum ('Female', 'Male') not null,
    "capital-gain" integer not null check ("capital-gain" between 0 and 99999),
    "capital-loss" integer not null check ("capital-loss" between 0 and 5000),
    "hours-per-week" utinyint not null check ("hours-per-week" between 1 and 99),
    "native-country" enum (
        'United-States', 'Cambodia', 'England', 'Puerto-Rico', 'Canada', 'Germany', 'Outlying-US(Guam-USVI-etc)',
        'India', 'Japan', 'Greece', 'South', 'China', 'Cuba', 'Iran', 'Honduras', 'Philippines', 'Italy', 'Poland',
        'Jamaica', 'Vietnam', 'Mexico', 'Portugal', 'Ireland', 'France', 'Dominican-Republic', 'Laos', 'Ecuador',
        'Taiwan', 'Haiti', 'Columbia', 'Hungary', 'Guatemala', 'Nicaragua', 'Scotland', 'Thailand', 'Yugoslavia',
        'El-Salvador', 'Trinadad&Tobago', 'Peru', 'Hong', 'Holand-Netherlands', '?'
    ) not null,
    income enum ('<=50K', '>50K') not null
);

insert into adult select * from {{ dataset }}.adult;
