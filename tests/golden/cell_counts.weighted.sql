(select 0::integer as block, (x // 10)::integer as cell,
sum("_weight")::bigint as n
from "_bounded_0" where (x // 10) is not null group by 2)
