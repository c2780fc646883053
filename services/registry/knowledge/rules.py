"""What a piece of knowledge must be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.registry.entries.rules import (
    Names,
    check_distinct,
    check_id,
    check_line,
    check_names,
    revised,
)
from services.registry.programmes.rules import Programme
from services.registry.projects.rules import Project
from shared.errors import RuleBroken

TEXT_LENGTH_MAX = 200


class KnowledgeKind(StrEnum):
    """What a piece of knowledge is."""

    GOOD_EXAMPLE = "good-example"
    PUBLICATION = "publication"
    FILM = "film"
    KNOWLEDGE_STATUS = "knowledge-status"
    CHALLENGE = "challenge"


class KnowledgeState(StrEnum):
    """How much is known of a theme, or where a challenge is."""

    MUCH = "much"
    FAIR = "fair"
    LEAST = "least"
    RAISED = "raised"
    LIFTED = "lifted"
    ANSWERED = "answered"


STATUSES: Mapping[KnowledgeKind, tuple[KnowledgeState, ...]] = {
    KnowledgeKind.KNOWLEDGE_STATUS: (
        KnowledgeState.MUCH,
        KnowledgeState.FAIR,
        KnowledgeState.LEAST,
    ),
    KnowledgeKind.CHALLENGE: (
        KnowledgeState.RAISED,
        KnowledgeState.LIFTED,
        KnowledgeState.ANSWERED,
    ),
}
"""Which status a kind must have one of; the other kinds have none."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who says it, when and where."""

    by: str
    on: date | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A piece of knowledge.

    Attributes:
        summary: what it says, in languages; may be empty.
        measure_ids: measures of the projects that it names.
        answer: of an answered challenge.
        version: rises by one with every change of this state, from 1.
    """

    knowledge_id: str
    programme_id: str
    kind: KnowledgeKind
    names: Names
    source: Provenance
    summary: Names = field(default_factory=Names)
    theme_ids: tuple[str, ...] = ()
    project_ids: tuple[str, ...] = ()
    measure_ids: tuple[str, ...] = ()
    status: KnowledgeState | None = None
    answer: Names | None = None
    version: int = 1


def revised_knowledge(
    present: Knowledge | None, wanted: Knowledge, programme: Programme, projects: Iterable[Project]
) -> Knowledge | None:
    """Judge a piece of knowledge that was put; none when it is as it was.

    Args:
        projects: those of the named projects that are registered.

    Raises:
        RuleBroken: `id-malformed`, `id-repeated`, `name-malformed`, `text-malformed`,
            `status-unknown`, `answer-missing`, `theme-unknown`, `project-unknown`,
            `project-of-another-programme`, `measure-unknown`, `kind-fixed` or `programme-fixed`.
    """
    check_id(wanted.knowledge_id, "piece of knowledge")
    check_names(wanted.names, "piece of knowledge")
    check_line(wanted.source.by, "the source", length_max=TEXT_LENGTH_MAX)
    _check_status(wanted)
    _check_about(wanted, programme, list(projects))
    if present is not None:
        _check_fixed(present, wanted)
    return revised(present, wanted)


def _check_status(knowledge: Knowledge) -> None:
    allowed = STATUSES.get(knowledge.kind, ())
    if (knowledge.status is not None or allowed) and knowledge.status not in allowed:
        raise RuleBroken(
            f"a {knowledge.kind} has the status {' or '.join(allowed) or 'none'}, got"
            f" {knowledge.status or 'none'}",
            code="status-unknown",
        )
    if (knowledge.status is KnowledgeState.ANSWERED) != (knowledge.answer is not None):
        raise RuleBroken(
            f"{knowledge.knowledge_id}: an answered challenge has an `answer`, and nothing else"
            " has one",
            code="answer-missing",
        )
    if knowledge.answer is not None:
        check_names(knowledge.answer, "answer")


def _check_about(knowledge: Knowledge, programme: Programme, projects: list[Project]) -> None:
    themes = {theme.theme_id for theme in programme.themes}
    by_id = {project.project_id: project for project in projects}
    measures = {measure.measure_id for project in projects for measure in project.measures}
    for what, wanted, known in (
        ("theme", knowledge.theme_ids, themes),
        ("project", knowledge.project_ids, by_id.keys()),
        ("measure", knowledge.measure_ids, measures),
    ):
        check_distinct(wanted, what)
        for each in wanted:
            if each not in known:
                raise RuleBroken(
                    f"{knowledge.knowledge_id} is about the {what} {each[:80]!r}, which is not"
                    " known here; measures must be those of the projects named",
                    code=f"{what}-unknown",
                )
    for project in projects:
        if project.programme_id != knowledge.programme_id:
            raise RuleBroken(
                f"project {project.project_id} belongs to programme {project.programme_id}, not to"
                f" {knowledge.programme_id}",
                code="project-of-another-programme",
            )


def _check_fixed(present: Knowledge, wanted: Knowledge) -> None:
    for what, kept, new in (
        ("kind", present.kind, wanted.kind),
        ("programme", present.programme_id, wanted.programme_id),
    ):
        if kept != new:
            raise RuleBroken(
                f"{wanted.knowledge_id} is of the {what} {kept} and stays so, got {new}",
                code=f"{what}-fixed",
            )
