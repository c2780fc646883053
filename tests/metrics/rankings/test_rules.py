"""Competition ranking with ties, on unrounded figures, of what is fully covered."""

import pytest

from services.metrics.publishing.rules.published import Cell
from services.metrics.rankings.rules import Contender, cannot_be_ranked, definition_asked, rank
from services.registry.metrics.builtin.files import read_builtin
from shared.errors import RuleBroken

TRILLION = 10**12
ABSENCE = next(one for one in read_builtin().values() if one.metric_id == "absence")


def contender(
    name: str, value: int | None, *, present: int = 12, suppressed: bool = False
) -> Contender:
    return Contender(
        f"municipality/{name}", name, Cell(value, None, present, 12), suppressed, False
    )


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        ([5, 6, 7], [1, 2, 3]),
        ([5, 6, 6, 7], [1, 2, 2, 4]),
        ([5, 5, 5, 6], [1, 1, 1, 4]),
        ([5, 6, 6, 6], [1, 2, 2, 2]),
        ([], []),
    ],
)
def test_equal_figures_share_a_rank_and_the_next_one_counts_them(
    values: list[int], ranks: list[int]
) -> None:
    contenders = [contender(f"a{n}", value) for n, value in enumerate(values)]

    assert [one.rank for one in rank(reversed(contenders), lowest_first=True)] == ranks


def test_figures_that_only_look_equal_do_not_share_a_rank() -> None:
    first, second = contender("a", 5 * TRILLION + 1), contender("b", 5 * TRILLION)

    assert [(one.contender.name, one.rank) for one in rank([first, second], lowest_first=True)] == [
        ("b", 1),
        ("a", 2),
    ]


def test_the_highest_stands_first_where_more_is_better() -> None:
    ranked = rank([contender("a", 5), contender("b", 7)], lowest_first=False)

    assert [one.contender.name for one in ranked] == ["b", "a"]


def test_who_lacks_figures_or_must_not_be_shown_stands_beside() -> None:
    contenders = [
        contender("whole", 5),
        contender("partly", 4, present=11),
        contender("missing", None, present=0),
        contender("few", None, suppressed=True),
    ]

    assert [one.contender.name for one in rank(contenders, lowest_first=True)] == ["whole"]
    assert [one.name for one in cannot_be_ranked(contenders)] == ["few", "missing", "partly"]


def test_a_ranking_is_of_one_definition() -> None:
    with pytest.raises(RuleBroken) as refused:
        definition_asked(ABSENCE, None)
    assert refused.value.code == "definition-needed"
    assert definition_asked(ABSENCE, "total.agreed.corrected.ks-pai") == (
        "total.agreed.corrected.ks-pai"
    )
