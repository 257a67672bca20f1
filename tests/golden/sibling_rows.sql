select s.*,
  lag(s."a ""b", 1) over siblings as "@1.a ""b",
  lag(s."taken", 2) over siblings as "@2.taken",
  row_number() over siblings - 1 as "@position"
from "clinic"."labs" s
window siblings as (
  partition by s."visit", s."a ""b"
  order by s."taken" nulls last, s."id" nulls last
)
