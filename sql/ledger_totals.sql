{#-
ledger_totals: what all runs spent so far, crashed ones included
inputs: none
output: rho (sum), pure_epsilon (sum where every release is pure, else NULL), delta (sum of releases' own deltas),
  noiseless (number of runs at epsilon inf)
grain: one row
sensitivity: public
-#}
select
  coalesce((select sum(rho) from releases), 0) as rho,
  (select case when count(*) = count(epsilon) then coalesce(sum(epsilon), 0) end from releases) as pure_epsilon,
  coalesce((select sum(delta) from releases), 0) as delta,
  (select count(*) from runs where isinf(epsilon)) as noiseless
