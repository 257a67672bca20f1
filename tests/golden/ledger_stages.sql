select run, view, algorithm, stage, mechanism, count(*) as releases, sum(cells)::bigint as cells, sum(rho) as rho, state
from ledger group by run, view, algorithm, stage, mechanism, state order by min(release)
