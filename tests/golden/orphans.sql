select count(*) as n from "labs" c
where c."visit" is not null and c."c" is not null and not exists (
  select 1 from "visits" p where p."id" = c."visit" and p."a ""b" = c."c"
)
