create or replace temp table "_litmus_1" as
select c.* from "clinic"."visits" c semi join "_litmus_0" p on c."patient" = p."id" and c."a ""b" = p."c"
