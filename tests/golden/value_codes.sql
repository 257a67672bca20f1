select
  (CASE WHEN "sex" = 'm' THEN 1 ELSE 0 END)::bigint as k0,
  (isoyear("people.born"))::bigint as k1
from (
  select nth as "_nth"
    , c0::VARCHAR as "sex"
    , c1::DATE as "people.born"
  from values_of_rows
)
order by "_nth"
