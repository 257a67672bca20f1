select s.*,
  row_number() over siblings - 1 as "@position"
from (select b.* from "visits" b where hash(b."patient", 0) % $2::ubigint = $1::ubigint) s
window siblings as (
  partition by s."visit"
  order by s."taken" nulls last
)
