insert into "visits" select
  "id"::BIGINT,
  "a ""b"::ENUM('x', 'y')
from "_batches"
