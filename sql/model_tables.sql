{#-
model_tables: the tables of a model file
inputs: none
output: info, tables, columns, fields, codes, labels, histograms, steps, factors, coarsenings, expansions, measurements,
  measured, lineages, siblings, switches, links, rules, lookups, releases
grain: as the comments on the tables say
sensitivity: everything here came through a door of the privacy source, or is public by declaration
-#}
create table info (key varchar primary key, value varchar not null);
comment on table info is 'what this file is: format, run, view, algorithm, guarantee, versions';
create table tables (table_name varchar primary key, position integer not null, total double not null,
  primary_key varchar[] not null, checks varchar[] not null, comment varchar not null);
comment on table tables is 'one row a synthetic table; total is the noisy number of rows';
create table columns (table_name varchar not null, position integer not null, column_name varchar not null,
  sql_type varchar not null, not_null boolean not null, comment varchar not null);
comment on table columns is 'columns of the synthetic tables, with the types of the view';
create table fields (table_name varchar not null, position integer not null, field varchar not null,
  kind varchar not null, nullable boolean not null, refs varchar[] not null, sql_type varchar not null,
  options varchar not null, spec varchar not null);
comment on table fields is 'one row a codec, in decoding order; options are declared, spec is what was learned (JSON)';
create table codes (table_name varchar not null, field varchar not null, code_column varchar not null,
  size integer not null, ordered boolean not null, null_code integer);
comment on table codes is 'code columns of the joint model: codes are 0 to size - 1';
create table labels (table_name varchar not null, field varchar not null, code integer not null, label varchar);
comment on table labels is 'the value of each code of a category; NULL is the code of NULL';
create table histograms (table_name varchar not null, field varchar not null, part varchar not null,
  cell integer not null, mass double not null);
comment on table histograms is 'denoised fine histograms that draw the value inside a bin';
create table steps (table_name varchar not null, step integer not null, code_column varchar,
  parents varchar[] not null, shape integer[] not null);
comment on table steps is 'drawing order: each code column is drawn given its parents; a step without a column is evidence';
create table factors (table_name varchar not null, step integer not null, cell bigint not null, value double not null);
comment on table factors is 'counts of a step, row-major over (parents, column); absent cells are 0';
create table coarsenings (table_name varchar not null, step integer not null, code_column varchar not null,
  code integer not null, coarse integer not null);
comment on table coarsenings is 'parents that a step sees at a coarser height: the group of each of their codes';
create table expansions (table_name varchar not null, code_column varchar not null, fine integer not null,
  coarse integer not null, weight double not null);
comment on table expansions is 'compressed columns: the coarse code of each code, and its weight when expanded again';
create table measurements (table_name varchar not null, measurement integer not null, code_columns varchar[] not null,
  shape integer[] not null, sigma double not null);
comment on table measurements is 'noisy marginals as released, in the codes that the model used';
create table measured (table_name varchar not null, measurement integer not null, cell integer not null,
  value double not null);
comment on table measured is 'noisy counts, row-major, every cell';
create table lineages (table_name varchar primary key, parent varchar not null, owner varchar[] not null,
  referenced varchar[] not null, counts_name varchar not null, over_name varchar not null);
comment on table lineages is 'a table below another: its key to the parent, the name under which tables, steps and factors keep its number of rows per parent row (of an unrolled table: which there are), and the table that these are about, where it is not the parent';
create table siblings (table_name varchar primary key, sequencer varchar[] not null, lag_order integer not null,
  starts integer[] not null);
comment on table siblings is 'a table whose rows follow one another below a parent row: the columns that order them, how many rows back a row looks, and the first position of each position code';
create table switches (table_name varchar not null, code_column varchar not null, size integer not null,
  code integer not null, part_name varchar not null);
comment on table switches is 'a table with models of its own for each code of a column of its parent, and the name under which tables, steps and factors keep each';
create table links (table_name varchar not null, position integer not null, columns varchar[] not null,
  target varchar not null, referenced varchar[] not null, kind varchar not null, nullable boolean not null,
  degrees double[] not null);
comment on table links is 'foreign keys besides the key to the parent; degrees: how many rows are referred to so often';
create table rules (table_name varchar not null, position integer not null, rule varchar not null);
comment on table rules is 'conditions that synthetic rows shall meet, as the view declares them';
create table lookups (table_name varchar primary key, position integer not null, primary_key varchar[] not null);
comment on table lookups is 'public tables, copied as they are; rows stand in the schema lookup_rows';
create table releases (release integer not null, stage varchar not null, mechanism varchar not null,
  tables varchar not null, columns varchar not null, query varchar not null, cells bigint not null,
  sensitivity double not null, scale double not null, loss double not null, delta double not null);
comment on table releases is 'this run''s rows of the ledger; loss is rho, or epsilon when delta is 0';
