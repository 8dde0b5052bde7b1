"""Table 2 of the paper, as printed: AUC, logloss and diff_ctr by model and task."""

from typing import TypedDict


class Row(TypedDict):
    """One cell of the table."""

    auc: float
    logloss: float
    diffCtr: float


def _row(auc: float, logloss: float, diff_ctr: float) -> Row:
    return {"auc": auc, "logloss": logloss, "diffCtr": diff_ctr * 1e-4}


TABLE_2: dict[str, dict[str, Row]] = {
    "suggestion": {
        "bert": _row(0.7499, 0.1785, 5.134),
        "bert+pid": _row(0.7561, 0.1771, 5.132),
        "bert+ctx": _row(0.7559, 0.1772, 5.139),
        "roberta": _row(0.7493, 0.1785, 5.178),
        "roberta+pid": _row(0.7528, 0.1778, 5.165),
        "roberta+ctx": _row(0.7540, 0.1773, 5.166),
        "albert": _row(0.7518, 0.1781, 5.119),
        "albert+pid": _row(0.7565, 0.1766, 5.114),
        "albert+ctx": _row(0.7560, 0.1772, 5.113),
    },
    "clarification": {
        "bert": _row(0.7678, 0.1095, 8.432),
        "bert+pid": _row(0.7736, 0.1084, 8.411),
        "bert+ctx": _row(0.7766, 0.1082, 8.417),
        "roberta": _row(0.7611, 0.1099, 8.433),
        "roberta+pid": _row(0.7678, 0.1093, 8.429),
        "roberta+ctx": _row(0.7701, 0.1087, 8.401),
        "albert": _row(0.7724, 0.1084, 8.368),
        "albert+pid": _row(0.7761, 0.1086, 8.369),
        "albert+ctx": _row(0.7799, 0.1080, 8.357),
    },
    "hint": {
        "bert": _row(0.7141, 0.1918, 3.293),
        "roberta": _row(0.7121, 0.1925, 3.322),
        "albert": _row(0.7140, 0.1918, 3.289),
    },
}
"""By task, which the paper numbers 1 to 3, and by model. Its clicks are those of Baidu's users; only the order can be compared."""
