select
  t."a",
  (0)::utinyint as _part
from "t" t
