"""A form as a folder: read as it is written, faults named by file, differences told."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from services.reporting.forms.folder import file_of, files_of, read_form_folder
from services.reporting.forms.rules.changes import changes
from shared import strict_json
from shared.errors import RuleBroken
from tests.reporting.forms.sample import component, form

ANNUAL = Path(__file__).parents[3] / "programmes" / "saman-2011" / "forms" / "annual"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ANNUAL, tmp_path / "annual"))


def test_numbers_stay_as_they_are_written(folder: Path) -> None:
    schema = folder / "schema.json"
    schema.write_text(schema.read_text().replace("100000", "0.1000000000000000000001"))

    assert b"0.1000000000000000000001" in read_form_folder(folder)


def test_every_file_of_the_folder_is_part_of_the_form(folder: Path) -> None:
    assert sorted(files_of(folder)) == sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["form.json", "schema.json", "texts/nn.json"])
def test_a_file_that_is_not_there_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(RuleBroken, match=name) as refused:
        read_form_folder(folder)

    assert refused.value.code == "form-folder"


def test_a_fault_is_named_by_file_and_place(folder: Path) -> None:
    page = folder / "pages" / "2-experience.json"
    content = json.loads(page.read_text())
    content["layout"][1]["hidden"] = ["lost"]
    page.write_text(json.dumps(content))
    texts = folder / "texts" / "nn.json"
    texts.write_text(json.dumps({**json.loads(texts.read_text()), "only-here": "x"}))

    ran = CliRunner().invoke(app, ["forms", "lint", str(folder), "--json"])

    assert ran.exit_code == 1
    places = [fault["place"] for fault in json.loads(ran.stdout)["faults"]]
    assert places == ["pages/2-experience.json /layout/1/hidden", "texts/nb.json", "texts/en.json"]


def test_a_form_without_faults_is_said_to_have_none() -> None:
    ran = CliRunner().invoke(app, ["forms", "lint", str(ANNUAL)])

    assert (ran.exit_code, ran.stdout) == (0, "0 fault(s) in 1 form(s)\n")


def test_a_preview_shows_what_answers_hide_and_what_is_missing(tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text('{"burden_felt": "easy"}')

    arguments = ["forms", "preview", str(ANNUAL), "--answers", str(answers), "--language", "en"]
    ran = CliRunner().invoke(app, arguments)

    assert ran.exit_code == 0
    assert "- What was hard?  (TextArea)" in ran.stdout
    assert "error: /worked: this must be answered" in ran.stdout


@pytest.mark.parametrize("pointer", ["/names", "/options/x/0"])
def test_other_places_stand_in_the_first_file(pointer: str) -> None:
    assert file_of(ANNUAL, pointer) == f"form.json {pointer}"


def test_differences_of_two_versions_are_told_by_part() -> None:
    before, now = form(), form()
    component(now, "why")["required"] = False
    now["pages"][0]["layout"].append({"id": "end", "type": "Header"})
    del now["schema"]["properties"]["started"]
    now["texts"]["nn"]["why"] = "Kvifor?"
    now["names"] = {"nb": "Annen"}
    before["validations"]["lost"] = []

    assert list(changes(before, now)) == [
        "~ names",
        "- answer started",
        "~ component why: required",
        "+ component end",
        "- validation of lost",
        "~ text nn why",
    ]
    assert list(changes(before, strict_json.loads(json.dumps(before).encode()))) == []
