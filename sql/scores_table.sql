{#-
scores_table: the table of scores, where it is missing
inputs: none
output: nothing
grain: one row a run, metric, table, columns and split
sensitivity: exact; internal
-#}
create table if not exists scores (
  run varchar not null, metric varchar not null, "table" varchar not null, columns varchar[] not null,
  split varchar not null, value double
);
comment on table scores is {{ stamp | literal }}
