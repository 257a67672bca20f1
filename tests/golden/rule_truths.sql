select
  "_nth" as nth
  , not coalesce(("total" = "SUM(lines.amount)")::boolean, true) as b0
  , not coalesce(("count(lines)" > 0)::boolean, true) as b1
  , ("SUM(lines.amount)")::DECIMAL(9,2) as v0
from (
  select r.nth as "_nth"
    , r.c0::DECIMAL(9,2) as "total"
    , t0.t0 as "SUM(lines.amount)"
    , coalesce(t0.t1, 0) as "count(lines)"
  from rules_rows r
  left join (
    select "_nth"
      , SUM("amount") as t0
      , count(*) as t1
    from (
      select nth as "_nth"
        , c0::DECIMAL(9,2) as "amount"
      from rules_rows_0
    )
    group by "_nth"
  ) t0 on t0."_nth" = r.nth
)
order by nth
