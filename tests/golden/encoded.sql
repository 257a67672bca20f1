create temp table "_encoded_1" as select
  (coalesce((CASE "sex"::VARCHAR WHEN 'm' THEN 1 END)::INTEGER, 0))::utinyint as "sex",
  (year("born"))::usmallint as "born.years",
  ("a ""b")::uinteger as "a ""b",
from "t"
