select
  t."a",
  (0)::utinyint as _part,
  1 as _row
from "t" t
