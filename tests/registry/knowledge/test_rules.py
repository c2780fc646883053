"""Rules of knowledge."""

from typing import Any

import pytest

from services.registry.entries.rules import Names
from services.registry.knowledge.rules import (
    KnowledgeKind,
    KnowledgeState,
    Provenance,
    revised_knowledge,
)
from shared.errors import RuleBroken
from tests.registry.factories import full_project, programme, project
from tests.registry.together import knowledge

CHALLENGE: dict[str, Any] = {"kind": KnowledgeKind.CHALLENGE, "status": KnowledgeState.RAISED}
PROJECTS = [full_project()]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"knowledge_id": "X"}, "id-malformed"),
        ({"names": Names()}, "name-malformed"),
        ({"source": Provenance(" ")}, "text-malformed"),
        ({"status": KnowledgeState.MUCH}, "status-unknown"),
        ({"kind": KnowledgeKind.KNOWLEDGE_STATUS}, "status-unknown"),
        ({**CHALLENGE, "status": KnowledgeState.LEAST}, "status-unknown"),
        ({**CHALLENGE, "status": KnowledgeState.ANSWERED}, "answer-missing"),
        ({**CHALLENGE, "answer": Names("Ja")}, "answer-missing"),
        ({"theme_ids": ("innovation",)}, "theme-unknown"),
        ({"project_ids": ("sund",)}, "project-unknown"),
        ({"measure_ids": ("no-such-measure",)}, "measure-unknown"),
    ],
    ids=str,
)
def test_knowledge_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_knowledge(None, knowledge(**change), programme(), PROJECTS)
    assert refused.value.code == code


def test_knowledge_of_another_programmes_project_is_refused() -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_knowledge(None, knowledge(), programme(), [project(programme_id="other")])
    assert refused.value.code == "project-of-another-programme"


def test_a_challenge_is_raised_lifted_and_answered() -> None:
    raised = knowledge(**CHALLENGE)
    lifted = knowledge(kind=KnowledgeKind.CHALLENGE, status=KnowledgeState.LIFTED)
    answered = knowledge(
        kind=KnowledgeKind.CHALLENGE, status=KnowledgeState.ANSWERED, answer=Names("Ja")
    )
    for present, wanted in ((None, raised), (raised, lifted), (lifted, answered)):
        assert revised_knowledge(present, wanted, programme(), PROJECTS) is not None


def test_an_example_may_name_measures_of_its_projects_and_keeps_its_kind() -> None:
    made = revised_knowledge(None, knowledge(measure_ids=("rota-by-wish",)), programme(), PROJECTS)
    assert made is not None
    with pytest.raises(RuleBroken) as refused:
        revised_knowledge(made, knowledge(kind=KnowledgeKind.FILM), programme(), PROJECTS)
    assert refused.value.code == "kind-fixed"
