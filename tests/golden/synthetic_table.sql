create table "visits" (
  "id" BIGINT not null,
  "a ""b" ENUM('x', 'y'),
  primary key ("id"),
  check ((id > 0)),
  check ((1 = 1))
)
