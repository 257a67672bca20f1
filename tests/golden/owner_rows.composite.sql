select t.*,
  [t."x"::varchar, t."y"::varchar] as _unit
from "people" t
