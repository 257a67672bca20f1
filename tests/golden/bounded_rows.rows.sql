select t.* exclude ("_rank"), 1048576::bigint as "_weight" from (
  select s.*, row_number() over (
    partition by "patient"
    order by md5(concat_ws('|', "visit"::varchar, "day"::varchar)), "visit", "day"
  ) as "_rank"
  from "clinic"."visits" s where "patient" is not null
) t where "_rank" <= 4
