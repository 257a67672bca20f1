select count(*) > 0 as has_rows,
coalesce(bool_or("sex" IS NULL), false) as fault_0,
coalesce(bool_or("age" < 0), false) as fault_1
from "t"
