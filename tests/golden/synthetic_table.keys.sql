create table "visits" (
  "id" BIGINT not null,
  "a ""b" ENUM('x', 'y'),
  primary key ("id"),
  foreign key ("p", "q") references "people" ("x", "y"),
  foreign key ("id") references "a ""b" ("id")
)
