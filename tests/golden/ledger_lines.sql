select release, written, view, stage, mechanism,
  case when length(columns) > 40 then columns[:37] || '...' else columns end as columns, cells, scale, rho, state
from ledger order by release
