select count(*) as n, min("sex") as low_0, max("sex") as high_0, min("a ""b") as low_1, max("a ""b") as high_1
from "_encoded_1"
