{#-
ledger_shares: what one run released, by stage and mechanism
inputs: run
output: stage, mechanism, releases, cells, loss (sum of epsilon of a pure run, else of rho), least and most (scale of
  the noise)
grain: one row a stage and mechanism
sensitivity: public
-#}
select stage, mechanism, count(*) as releases, sum(cells)::bigint as cells, sum(coalesce(r.epsilon, r.rho)) as loss,
  min(scale) as least, max(scale) as most
from releases r where run = {{ run | literal }}
group by stage, mechanism order by min(release)
