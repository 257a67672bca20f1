create table if not exists runs (
  run varchar primary key, started timestamp not null, view varchar not null, unit varchar not null,
  algorithm varchar not null, epsilon double not null, delta double not null, loss double not null,
  pure boolean not null
);
create table if not exists releases (
  release bigint primary key, run varchar not null references runs (run), written timestamp not null,
  stage varchar not null, mechanism varchar not null, tables varchar not null, columns varchar not null,
  query varchar not null, cells bigint not null, unit varchar not null, contributions integer not null,
  sensitivity double not null, scale double not null, rho double not null, epsilon double, delta double not null
);
create table if not exists finished (run varchar primary key, ended timestamp not null);
create or replace view ledger as
select r.release, r.written, u.view, u.algorithm, r.stage, r.mechanism, r.tables, r.columns, r.cells, r.unit,
  r.contributions, r.sensitivity, r.scale, r.rho, r.epsilon, r.delta, r.run,
  case when f.run is null then 'spent' else 'released' end as state
from releases r join runs u on r.run = u.run left join finished f on f.run = r.run
order by r.release;
