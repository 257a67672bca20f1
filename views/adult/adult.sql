-- One row a person, as in UCI's two files: no header, ", " between values, and an empty line at the end. adult.test
-- begins with a comment ("|1x3 Cross validator") and ends each label with a full stop. '?' means unknown and stays.
create table adult as
select
    age::utinyint as age,
    trim(workclass) as workclass,
    fnlwgt::integer as fnlwgt,
    trim(education) as education,
    education_num::utinyint as "education-num",
    trim(marital_status) as "marital-status",
    trim(occupation) as occupation,
    trim(relationship) as relationship,
    trim(race) as race,
    trim(sex) as sex,
    capital_gain::integer as "capital-gain",
    capital_loss::integer as "capital-loss",
    hours_per_week::utinyint as "hours-per-week",
    trim(native_country) as "native-country",
    rtrim(trim(income), '.') as income
from read_csv(
    [{{ raw_file('adult.data') | literal }}, {{ raw_file('adult.test') | literal }}],
    auto_detect = false, header = false, delim = ',', quote = '', escape = '', comment = '|',
    columns = {
        'age': 'VARCHAR', 'workclass': 'VARCHAR', 'fnlwgt': 'VARCHAR', 'education': 'VARCHAR',
        'education_num': 'VARCHAR', 'marital_status': 'VARCHAR', 'occupation': 'VARCHAR', 'relationship': 'VARCHAR',
        'race': 'VARCHAR', 'sex': 'VARCHAR', 'capital_gain': 'VARCHAR', 'capital_loss': 'VARCHAR',
        'hours_per_week': 'VARCHAR', 'native_country': 'VARCHAR', 'income': 'VARCHAR'
    }
);
