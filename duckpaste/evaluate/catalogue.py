"""Catalogue: every metric that comes with duckpaste, and what its values mean."""

from __future__ import annotations

from collections.abc import Mapping

from duckpaste.evaluate.score import About

_F, _R, _W, _U, _P = "fidelity", "relations", "workload", "utility", "privacy"

METRICS: Mapping[str, About] = {
    # -- fidelity
    "tv1": About(_F, "low", "total variation of single columns: 0 is equal, 1 has nothing in common"),
    "tv2": About(_F, "low", "total variation of pairs of columns"),
    "tv3": About(_F, "low", "total variation of sets of three columns, in coarser bins"),
    "kl_norm1": About(_F, "high", "1 / (1 + KL divergence of the synthetic from the real) of single columns"),
    "kl_norm2": About(_F, "high", "1 / (1 + KL divergence) of pairs of columns"),
    "js1": About(_F, "low", "Jensen-Shannon divergence of single columns, in bits"),
    "js2": About(_F, "low", "Jensen-Shannon divergence of pairs of columns, in bits"),
    "cramers_v_diff": About(
        _F, "low", "difference of Cramer's V of a pair: how strongly two columns go together"
    ),
    "correlation_diff": About(_F, "low", "difference of Pearson's correlation of two numbers"),
    "null_diff": About(_F, "low", "difference of the shares of NULL"),
    "mean_diff": About(_F, "low", "difference of the means, in real standard deviations"),
    "sd_diff": About(_F, "low", "difference of the standard deviations, as a share of the real one"),
    "quantile_diff": About(_F, "low", "largest difference of the nine deciles, in real standard deviations"),
    "range_outside": About(_F, "low", "share of rows beyond the real smallest or largest value"),
    "range_covered": About(_F, "high", "share of the real range that is covered"),
    "values_covered": About(_F, "high", "share of the real values of a category that come up"),
    "values_unseen": About(_F, "low", "share of rows whose value of a category the real rows never have"),
    "distinct_ratio": About(_F, "ref", "number of different values, as a ratio to the real one"),
    "year_tv": About(_F, "low", "total variation of the years of a date"),
    "month_tv": About(_F, "low", "total variation of the months of a date"),
    "weekday_tv": About(_F, "low", "total variation of the days of the week of a date"),
    "hour_tv": About(_F, "low", "total variation of the hours of the day"),
    "gap_tv": About(_F, "low", "total variation of the time between a date and the one it follows"),
    # -- relations
    "orphans": About(_R, "low", "share of rows whose key leads to no row"),
    "children_tv": About(_R, "low", "total variation of the number of children a row has"),
    "childless_diff": About(_R, "low", "difference of the shares of rows without children"),
    "children_mean_diff": About(
        _R, "low", "difference of the mean numbers of children, as a share of the real one"
    ),
    "parent_tv2": About(_R, "low", "total variation of pairs of a row's and its parent's column"),
    "grandparent_tv2": About(_R, "low", "total variation of pairs of a row's and its grandparent's column"),
    "hop_tv2": About(_R, "low", "total variation of pairs of a row's and a further ancestor's column"),
    "lag_tv2": About(_R, "low", "total variation of pairs of a column in a row and in the row before"),
    "time_order": About(_R, "ref", "share of rows that come before the date that they should follow"),
    "rules": About(_R, "ref", "share of rows that break a rule or a CHECK of the view"),
    # -- workload
    "query_error": About(_W, "low", "mean relative error of a query's answers (1 at most a number)"),
    # -- utility
    "tstr": About(_U, "high", "accuracy on real rows of a model trained on synthetic ones"),
    "auc": About(_U, "low", "how well a classifier tells synthetic rows from real ones: 0.5 is not at all"),
    "auc_children": About(_U, "low", "the same for rows together with what their children hold"),
    # -- privacy
    "copies": About(_P, "ref", "share of synthetic rows that equal a real row"),
    "hit_rate": About(_P, "ref", "share of synthetic rows with a near copy among the real ones"),
    "dcr": About(_P, "ref-low", "median distance of a synthetic row to the closest real one"),
    "nndr": About(
        _P, "ref-low", "mean ratio of the distances to the closest and the second closest real row"
    ),
    "closer": About(
        _P, "ref", "share of synthetic rows closer to a row that was fitted than to one that was not"
    ),
    "eps_risk": About(_P, "ref", "share of real rows with a synthetic row closer than any other real one"),
    "singling_out": About(
        _P, "ref", "share of guesses taken from synthetic rows that single out one real row"
    ),
    "att_discl": About(_P, "ref", "share of values of real rows that the closest synthetic row gives away"),
    # -- privacy, by SynthEval's package
    "syntheval.dcr": About("syntheval", "ref-low", "SynthEval: median distance to the closest record"),
    "syntheval.nndr": About("syntheval", "ref-low", "SynthEval: mean nearest neighbour distance ratio"),
    "syntheval.hit_rate": About("syntheval", "ref", "SynthEval: hitting rate"),
    "syntheval.eps_risk": About("syntheval", "ref", "SynthEval: epsilon identifiability risk"),
    "syntheval.att_discl": About("syntheval", "ref", "SynthEval: attribute disclosure risk"),
}
