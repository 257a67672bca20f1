select count(*) as n, count(*) - count("sex") as null_0, count(*) - count("a ""b") as null_1
from "t"
