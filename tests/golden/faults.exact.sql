select count(*) > 0 as has_rows,
count(*) filter (where "sex" IS NULL) as fault_0
from "t"
