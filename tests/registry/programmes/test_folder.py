"""The model programme in the repository, and what the reader says of a folder that is not as it
should be.
"""

from collections import Counter
from pathlib import Path

import pytest

from services.registry.municipalities.reference.tables import read_reference
from services.registry.programmes.folder import ProgrammeFolder, read_programme_folder
from shared.errors import RuleBroken

MODEL = Path(__file__).parents[3] / "programmes" / "saman-2011"


@pytest.fixture(scope="module", name="model")
def _model() -> ProgrammeFolder:
    return read_programme_folder(MODEL)


def members(model: ProgrammeFolder, cohort: int | None = None) -> list[str]:
    """Return the municipality of each membership, of one cohort or of both."""
    return [
        member["municipality_id"]
        for project in model.projects.values()
        if cohort is None or project["cohort_id"] == f"saman-2011-cohort-{cohort}"
        for member in project["members"]
    ]


def test_the_counted_municipalities_are_51_and_60_and_109_in_111_memberships(
    model: ProgrammeFolder,
) -> None:
    assert len(set(members(model, 1))) == 51
    assert len(set(members(model, 2))) == 60
    assert len(members(model)) == 111
    assert len(set(members(model))) == 109


def test_the_counted_projects_are_45_and_52(model: ProgrammeFolder) -> None:
    counted = Counter(project["cohort_id"] for project in model.projects.values())
    assert counted == {"saman-2011-cohort-1": 45, "saman-2011-cohort-2": 52}


def test_what_the_sources_claim_stays_beside_what_is_counted(model: ProgrammeFolder) -> None:
    assert [cohort["claimed"] for cohort in model.programme["cohorts"]] == [
        {"municipalities": 51, "projects": 48},
        {"municipalities": 59, "projects": 51},
    ]
    assert model.programme["claimed"] == {"municipalities": 110}


def test_andoy_and_kvinesdal_are_in_both_cohorts(model: ProgrammeFolder) -> None:
    assert set(members(model, 1)) & set(members(model, 2)) == {"andoy-1871", "kvinesdal-1037"}


def test_every_member_is_a_municipality_of_2013(model: ProgrammeFolder) -> None:
    assert set(members(model)) <= {each.municipality_id for each in read_reference().municipalities}


@pytest.mark.parametrize(
    ("project_id", "municipalities"),
    [
        (
            "saman-vesteralen",
            [
                "andoy-1871",
                "bo-1867",
                "hadsel-1866",
                "lodingen-1851",
                "oksnes-1868",
                "saltdal-1840",
            ],
        ),
        ("saman-finnoy-rennesoy", ["finnoy-1141", "rennesoy-1142"]),
        ("saman-lofoten", ["vaeroy-1857", "moskenes-1874", "flakstad-1859", "rost-1856"]),
        ("saman-innherred", ["levanger-1719", "verdal-1721"]),
        (
            "saman-lister",
            [
                "flekkefjord-1004",
                "haegebostad-1034",
                "kvinesdal-1037",
                "lyngdal-1032",
                "sirdal-1046",
            ],
        ),
        ("saman-bo", ["bo-0821"]),
        ("saman-valer", ["valer-0426"]),
        ("saman-os", ["os-0441"]),
        ("saman-vefsn", ["vefsn-1824"]),
    ],
)
def test_joint_units_and_namesakes_are_who_the_lists_mean(
    model: ProgrammeFolder, project_id: str, municipalities: list[str]
) -> None:
    assert [
        member["municipality_id"] for member in model.projects[project_id]["members"]
    ] == municipalities


def test_there_are_five_themes_and_projects_bear_only_those(model: ProgrammeFolder) -> None:
    themes = {theme["id"] for theme in model.programme["themes"]}
    borne = Counter(theme for project in model.projects.values() for theme in project["theme_ids"])
    assert len(themes) == 5
    assert set(borne) < themes
    assert borne == {
        "sickness-absence": 17,
        "full-time-part-time": 15,
        "competence-recruitment": 4,
        "reputation": 4,
    }


def test_every_source_that_is_named_is_explained() -> None:
    explained = {
        line.split(",")[0] for line in (MODEL / "sources.csv").read_text().splitlines()[1:]
    }
    named = {
        source
        for table in ("projects.csv", "members.csv", "themes.csv")
        for line in (MODEL / table).read_text().splitlines()[1:]
        for source in line.rsplit(",", 1)[1].split()
    }
    assert named <= explained
    assert {"fafo-2014-17", "bergen-2012-09-12"} < named


def test_vefsn_has_the_one_goal_that_a_source_states_in_figures(model: ProgrammeFolder) -> None:
    goals = {
        project_id: project["goals"]
        for project_id, project in model.projects.items()
        if project["goals"]
    }
    assert goals == {
        "saman-vefsn": [
            {
                "goal_id": "vefsn-naervaer",
                "metric": "absence",
                "window": "year-to-date",
                "definition": {
                    "certification": "total",
                    "denominator": "agreed",
                    "holiday": "corrected",
                    "source": "municipality-hr",
                },
                "direction": "falling",
                "baseline": {"value": "8.6", "period": "2007-2010"},
                "target": "6.9",
                "due_on": "2013-12-31",
                "persons_per_point": "10",
            }
        ]
    }


PROGRAMME = 'programme_id = "p-1"\n[names]\nnb = "P"\n'
PROJECTS = "project_id,cohort_id,name\na-1,,A\n"


def test_a_folder_may_bring_metrics(tmp_path: Path) -> None:
    (tmp_path / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    (tmp_path / "metrics").mkdir()
    content = '{"metric_id": "plans", "unit": "percent"}'
    (tmp_path / "metrics" / "plans.json").write_text(content, encoding="utf-8")
    read = read_programme_folder(tmp_path)
    assert read.metrics == {"plans": {"metric_id": "plans", "unit": "percent"}}


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({}, "programme.toml: the file does not exist"),
        ({"programme.toml": "[names"}, "programme.toml: "),
        ({"programme.toml": '[names]\nnb = "P"'}, "programme.toml: 'programme_id' is missing"),
        ({"programme.toml": 'programme_id = "p-1"'}, "programme.toml: 'names' is missing"),
        (
            {"programme.toml": PROGRAMME, "projects.csv": "project_id,name\na-1,A\n"},
            "the column 'cohort_id' is missing",
        ),
        (
            {"programme.toml": PROGRAMME, "projects.csv": PROJECTS + "a-1,,B\n"},
            "project 'a-1' stands twice",
        ),
        (
            {"programme.toml": PROGRAMME, "projects.csv": PROJECTS + "b-1,\n"},
            "line 3 has not as many cells",
        ),
        (
            {
                "programme.toml": PROGRAMME,
                "projects.csv": PROJECTS,
                "members.csv": "project_id,municipality_id\nb-1,vefsn-1824\n",
            },
            "members.csv: project 'b-1' is not in projects.csv",
        ),
        (
            {
                "programme.toml": PROGRAMME,
                "projects.csv": PROJECTS,
                "goals.toml": '[[goals]]\ngoal_id = "less"\n',
            },
            "goals.toml: 'project_id' is missing",
        ),
        (
            {"programme.toml": PROGRAMME, "metrics/plans.json": '{"names": {}}'},
            "plans.json: 'metric_id' is missing",
        ),
        ({"programme.toml": PROGRAMME, "metrics/plans.json": "[]"}, "must hold one JSON object"),
        (
            {"programme.toml": PROGRAMME, "networks.toml": "[[networks]]\nnames = {}\n"},
            "networks.toml: 'network_id' is missing",
        ),
        (
            {"programme.toml": PROGRAMME, "grants.toml": '[[grants]]\ngrant_id = "a-1"\n' * 2},
            "grants.toml: grants/a-1 stands twice",
        ),
    ],
)
def test_a_folder_that_is_not_whole_is_refused_with_the_place(
    tmp_path: Path, files: dict[str, str], fault: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(RuleBroken) as refused:
        read_programme_folder(tmp_path)
    assert fault in refused.value.message
    assert refused.value.code == "programme-folder-malformed"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# A programme", encoding="utf-8")
    with pytest.raises(RuleBroken, match=r"README\.md: this is no folder") as refused:
        read_programme_folder(tmp_path / "README.md")
    assert refused.value.code == "programme-folder-malformed"


@pytest.mark.parametrize("name", ["projects.csv", "goals.toml"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    (tmp_path / name).mkdir()
    with pytest.raises(RuleBroken, match=f"{name}: .*Is a directory"):
        read_programme_folder(tmp_path)


def test_a_programme_without_projects_is_whole(tmp_path: Path) -> None:
    (tmp_path / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    folder = read_programme_folder(tmp_path)
    assert (folder.programme_id, folder.projects) == ("p-1", {})
