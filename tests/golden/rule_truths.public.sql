select
  "_nth" as nth
  , not coalesce(("value" <= "items.high")::boolean, true) as b0
  , ("items.high")::DOUBLE as v0
from (
  select r.nth as "_nth"
    , r.c0::DOUBLE as "value"
    , r.c1::TINYINT as "item"
    , r.c2::VARCHAR as "visits.site"
    , p0."high"::DOUBLE as "items.high"
  from rules_rows r
  left join rules_public_0 p0 on r.c1::TINYINT = p0."a ""b" and r.c2::VARCHAR = p0."site"
)
order by nth
