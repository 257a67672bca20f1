create temp table "_bounded_0" as
select * from "visits"
