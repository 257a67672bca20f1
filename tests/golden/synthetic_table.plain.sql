create table "visits" (
  "id" BIGINT not null,
  "a ""b" ENUM('x', 'y')
)
