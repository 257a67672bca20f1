select
  "_nth" as nth
  , coalesce(((
"a ""b" > 3
  )::boolean)::tinyint * 2 - 1, 0)::tinyint as t0
  , coalesce(((
nth = 'x'
  )::boolean)::tinyint * 2 - 1, 0)::tinyint as t1
from (
  select nth as "_nth"
    , c0::INTEGER as "a ""b"
    , c1::VARCHAR as "nth"
  from "_rows"
) as "visits"
order by nth
