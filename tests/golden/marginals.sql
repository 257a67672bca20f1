(select 0::integer as block,
("sex"::usmallint * 300 + "born.years") as cell,
count(*) as n
from "_encoded_1" group by 2)
union all (select 1::integer as block,
("sex"::integer * 100000 + "a ""b") as cell,
count(*) as n
from "_encoded_1" group by 2)
union all (select 2::integer as block,
  "_key_0" as cell,
count(*) as n
from "_encoded_1" group by 2)
union all (select 3::integer as block,
("x"::bigint * 70000 + "y") as cell,
count(*) as n
from "_encoded_1" group by 2)
