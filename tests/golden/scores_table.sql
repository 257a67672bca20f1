create table if not exists scores (
  run varchar not null, metric varchar not null, "table" varchar not null, columns varchar[] not null,
  split varchar not null, value double
);
comment on table scores is 'it''s internal'
