{#-
ledger_stages: the ledger for a person, one line a run, stage and mechanism
inputs: none
output: run, view, algorithm, stage, mechanism, releases, cells, rho, state
grain: one row a stage and mechanism of a run
sensitivity: public
-#}
select run, view, algorithm, stage, mechanism, count(*) as releases, sum(cells)::bigint as cells, sum(rho) as rho, state
from ledger group by run, view, algorithm, stage, mechanism, state order by min(release)
