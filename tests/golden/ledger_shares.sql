select stage, mechanism, count(*) as releases, sum(cells)::bigint as cells, sum(coalesce(r.epsilon, r.rho)) as loss,
  min(scale) as least, max(scale) as most
from releases r where run = 'it''s'
group by stage, mechanism order by min(release)
