select "name"::VARCHAR as value, count(*) as n from "t" where "name"::VARCHAR is not null
group by 1 order by 1
