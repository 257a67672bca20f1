{#-
ledger_lines: the ledger for a person, one line a release
inputs: none
output: release, written, view, stage, mechanism, columns, cells, scale, rho, state
grain: one row a release
sensitivity: public
-#}
select release, written, view, stage, mechanism,
  case when length(columns) > 40 then columns[:37] || '...' else columns end as columns, cells, scale, rho, state
from ledger order by release
