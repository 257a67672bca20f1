select ceil(log2(count(*)))::integer as size from (select t.*, p0."id" as _unit from "labs" t join "people" p0 on t."p" = p0."id") group by _unit
