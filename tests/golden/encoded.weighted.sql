create temp table "_encoded_1" as select
  (coalesce((CASE "sex"::VARCHAR WHEN 'm' THEN 1 END)::INTEGER, 0))::utinyint as "sex",
  "__weight" as "_weight",
from "_bounded_0"
