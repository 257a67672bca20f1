"""Parts of PrivBayes: hierarchies of codes, maximal sets of parents, the greedy search, and the tree that fits."""
