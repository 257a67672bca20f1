create temp table "_packed_2" as select
  "sex",
  "_weight",
  (("sex"::integer * 300 + "born.years")  )::usmallint as "_key_0",
  (("sex"::integer * 100000 + "a ""b")  )::uinteger as "_key_1",
  ((("sex"::integer * 100000 + "a ""b") * 300 + "born.years")  )::uinteger as "_key_2",
  (("x"::bigint * 70000 + "y")  )::ubigint as "_key_3",
from "_encoded_1"
