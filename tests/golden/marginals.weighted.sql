(select 0::integer as block,
("sex"::usmallint * 300 + "born.years") as cell,
sum("_weight")::bigint as n
from "_encoded_1" group by 2)
