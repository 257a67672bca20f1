select s.*,
  count(*) over (
    partition by s."visit", s."a ""b"
  ) - row_number() over siblings + 1 as "@left",
  row_number() over siblings - 1 as "@position"
from "labs" s
window siblings as (
  partition by s."visit", s."a ""b"
  order by s."taken" nulls last
)
