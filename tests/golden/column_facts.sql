select count(*) as n,
  count("sex") as there_0,
  approx_count_distinct("sex") as different_0,
  count("a ""b") as there_1,
  approx_count_distinct("a ""b") as different_1,
  avg("a ""b"::double) as mean_1, stddev_samp("a ""b"::double) as sd_1,
  min("a ""b"::double)::double as low_1, max("a ""b"::double)::double as high_1
from "t"
