create or replace temp table "_litmus_0" as
select * from "patients" order by hash("sex", "a ""b", 7) limit 20
