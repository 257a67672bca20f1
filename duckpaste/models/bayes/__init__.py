"""Parts of PrivBayes: heights of columns, maximal sets of parents, the greedy search, and the tree that fits."""
