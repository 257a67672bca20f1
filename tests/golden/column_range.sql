select count(*) as rows, count(*) - count("a ""b") as nulls, min(m) as low, max(m) as high,
  quantile_disc(m, 0.005) as first, quantile_disc(m, 0.995) as last
from (select "a ""b", "a ""b"::double as m from "t")
