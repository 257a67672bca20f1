select
  coalesce((select sum(rho) from releases), 0) as rho,
  (select case when count(*) = count(epsilon) then coalesce(sum(epsilon), 0) end from releases) as pure_epsilon,
  coalesce((select sum(delta) from releases), 0) as delta,
  (select count(*) from runs where isinf(epsilon)) as noiseless
