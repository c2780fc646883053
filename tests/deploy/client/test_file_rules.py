"""A file of figures is read whole, in the forms that spreadsheets and payroll systems write, or
nothing of it is, and each fault is named with its place and its cure.
"""

from pathlib import Path
from typing import Any

import pytest

from deploy.client.faults import FileUnreadable
from deploy.client.figures import OutgoingFigure
from deploy.client.reading import read_figures

HEADER = (
    "municipality,period,lost_days,agreed_days,persons,"
    "certification,denominator,holiday,source,generated,note"
)
DEFINITION = "total,agreed,corrected,municipality-hr"
ROW = f"1824,2013-02,1387.20,20104.00,1010,{DEFINITION},true,"
BODY = {
    "municipality": "1824",
    "period": "2013-02",
    "lost_days": "1387.20",
    "agreed_days": "20104.00",
    "persons": 1010,
    "definition": {
        "certification": "total",
        "denominator": "agreed",
        "holiday": "corrected",
        "source": "municipality-hr",
    },
    "generated": True,
}
ID = "5d3a5f0e-8f51-4e6f-9a3c-0d2e5b0f2d5e"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "figures.csv"


def read(file: Path, content: str | bytes) -> list[OutgoingFigure]:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_figures(file, publisher="310000086")


def bodies(file: Path, content: str | bytes) -> list[dict[str, Any]]:
    return [dict(figure.body) for figure in read(file, content)]


def faults(file: Path, content: str | bytes) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(FileUnreadable) as refused:
        read(file, content)
    assert str(refused.value).startswith(f"nothing is posted of {file}:")
    return [(fault.line, fault.column, fault.message) for fault in refused.value.faults]


def with_semicolons(text: str) -> str:
    return text.replace(",", ";")


SAME: dict[str, str | bytes] = {
    "as the contract has it": f"{HEADER}\n{ROW}\n",
    "without an end of the last line": f"{HEADER}\n{ROW}",
    "lines end as in Windows": f"{HEADER}\r\n{ROW}\r\n",
    "lines end as on old machines": f"{HEADER}\r{ROW}\r",
    "with a byte order mark": f"\ufeff{HEADER}\n{ROW}\n",
    "in UTF-16": f"{HEADER}\n{ROW}\n".encode("utf-16"),
    "with semicolons": with_semicolons(f"{HEADER}\n{ROW}\n"),
    "with tabs": f"{HEADER}\n{ROW}\n".replace(",", "\t"),
    "with semicolons and decimal commas": (
        with_semicolons(f"{HEADER}\n{ROW}\n").replace("1387.20", "1387,20")
    ).replace("20104.00", "20104,00"),
    "with points between thousands": (
        with_semicolons(f"{HEADER}\n{ROW}\n").replace("1387.20", "1.387,20")
    ).replace("20104.00", "20.104,00"),
    "with commas between thousands": f"{HEADER}\n{ROW}\n".replace("1387.20", '"1,387.20"'),
    "with blanks between thousands": f"{HEADER}\n{ROW}\n".replace("1387.20", "1\u00a0387.20"),
    "with narrow blanks and decimal commas": (
        with_semicolons(f"{HEADER}\n{ROW}\n").replace("1387.20", "1\u202f387,20")
    ).replace(";1010;", ";1\u00a0010;"),
    "with a whole number as a decimal": f"{HEADER}\n{ROW}\n".replace(",1010,", ",1010.0,"),
    "with no-break spaces around": f"{HEADER}\n{ROW}\n".replace("1824", "\u00a01824\u00a0"),
    "with blanks in the header": f"{HEADER}\n{ROW}\n".replace("lost_days", " Lost days\u00a0"),
    "with titles above": f"Fråvær, januar\n\n{HEADER}\n{ROW}\n",
    "with a title with a lonely quote": f'"Fråvær 2013\n{HEADER}\n{ROW}\n',
    "with remarks": f"# from payroll\n{HEADER}\n#1824,it's \"fine\n{ROW}\n # the end",
    "with empty lines": f"\n{HEADER}\n\n{ROW}\n\n\n",
    "with empty rows": f"{HEADER}\n{ROW}\n,,,,,,,,,,\n \u00a0,,,,,,,,,,\n",
    "with an unnamed empty column": f"{HEADER},,\n{ROW},,\n",
    "with true in Norwegian": f"{HEADER}\n{ROW}\n".replace("true", "Ja"),
    "with its kind": f"kind,{HEADER}\nabsence,{ROW}\n",
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
def test_the_same_figure_is_read_however_it_is_written(file: Path, content: str | bytes) -> None:
    assert bodies(file, content) == [BODY]


def test_the_same_content_has_the_same_id_however_it_is_written(file: Path) -> None:
    assert len({read(file, content)[0].figure_id for content in SAME.values()}) == 1


def test_a_line_in_a_quoted_note_may_begin_with_a_number_sign(file: Path) -> None:
    note = "Two wards were closed:\n# 3 in January\n#4 in February"

    first, second = bodies(file, f'{HEADER}\n{ROW}"{note}"\n{ROW.replace("02", "03", 1)}\n')

    assert first["note"] == note
    assert second["period"] == "2013-03"


@pytest.mark.parametrize(("encoding"), ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_letters_are_read_in_all_usual_encodings(file: Path, encoding: str) -> None:
    (body,) = bodies(file, f"{HEADER}\n{ROW}Ærleg talt – på sjukehuset\n".encode(encoding))

    assert body["note"] == "Ærleg talt – på sjukehuset"


def test_an_id_stays_as_it_is_written_because_receipts_repeat_it_so(file: Path) -> None:
    (figure,) = read(file, f"figure_id,{HEADER}\n{ID.upper()},{ROW}\n")

    assert figure.figure_id == ID.upper()


NUMBERS = [
    ("6,9", "6.9"),
    ("6.95", "6.95"),
    ("-0,5", "-0.5"),
    ("\u22120.5", "-0.5"),
    ("6,9 %", "6.9"),
    ("6,9\u00a0%", "6.9"),
    ("0,123", "0.123"),
    ("0.123", "0.123"),
    ("1.387", "1.387"),
    ("1387,200", "1387.200"),
    ("1 387 210", "1387210"),
    ("1.387.210,5", "1387210.5"),
    ("1,387,210.5", "1387210.5"),
    ("20104.00000000", "20104.000000"),
]


@pytest.mark.parametrize(("written", "number"), NUMBERS)
def test_a_number_is_read_in_the_forms_that_have_one_meaning(
    file: Path, written: str, number: str
) -> None:
    (body,) = bodies(file, f"{HEADER}\n{ROW}\n".replace("1387.20", f'"{written}"'))

    assert body["lost_days"] == number


@pytest.mark.parametrize(
    ("lost", "agreed"), [("1,387", "20104.00"), ("1,387", "20104"), ("1.387", "20104,00")]
)
def test_a_number_that_has_two_meanings_is_not_guessed_at(
    file: Path, lost: str, agreed: str
) -> None:
    content = f"{HEADER}\n{ROW}\n".replace("1387.20", f'"{lost}"').replace(
        "20104.00", f'"{agreed}"'
    )

    assert faults(file, content) == [
        (
            2,
            "3 (lost_days)",
            f"got {lost!r}; this is 1387 or 1.387; write it in one of these forms",
        )
    ]


def test_the_other_numbers_of_a_file_say_what_a_comma_means(file: Path) -> None:
    content = with_semicolons(f"{HEADER}\n{ROW}\n").replace("1387.20", "1,387")

    (body,) = bodies(file, content.replace("20104.00", "20104,00"))

    assert (body["lost_days"], body["agreed_days"]) == ("1.387", "20104.00")


CELLS = [
    ("1824", "301", "1 (municipality)", "four digits"),
    ("1824", "Vefsn", "1 (municipality)", "four digits"),
    ("1824", '"=""1824"""', "1 (municipality)", "four digits"),
    ("2013-02", "feb.13", "2 (period)", "write 2013-02"),
    ("2013-02", "01.02.2013", "2 (period)", "write 2013-02"),
    ("2013-02", "2013-13", "2 (period)", "write 2013-02"),
    ("1387.20", "many", "3 (lost_days)", "write a number"),
    ("1387.20", "1.39E+3", "3 (lost_days)", "write a number"),
    ("1387.20", "12 34", "3 (lost_days)", "write a number"),
    ("1387.20", "1.2.3", "3 (lost_days)", "write a number"),
    ("1387.20", "\u0661\u0662", "3 (lost_days)", "write a number"),
    ("1387.20", "1234567890123", "3 (lost_days)", "at most 12 digits"),
    ("1387.20", "1.2345678", "3 (lost_days)", "6 decimals"),
    ("1010", "1010.5", "5 (persons)", "write a whole number"),
    ("true", "maybe", "10 (generated)", "write true or false"),
    ("1824", "", "1 (municipality)", "there is no municipality"),
    ("total", "", "6 (certification)", "there is no certification"),
]


@pytest.mark.parametrize(("good", "bad", "column", "cure"), CELLS)
def test_a_cell_that_cannot_be_read_is_named_with_line_column_and_cure(
    file: Path, good: str, bad: str, column: str, cure: str
) -> None:
    rows = f"{ROW}\n{ROW.replace(good, bad)}\n"

    ((line, place, message),) = faults(file, f"# payroll\n{HEADER}\n{rows}")

    assert (line, place) == (4, column)
    assert cure in message


WHOLES = {
    "an Excel workbook": (b"PK\x03\x04rest", None, "this is a workbook, not CSV"),
    "an old workbook": (b"\xd0\xcf\x11\xe0rest", None, "this is a workbook, not CSV"),
    "UTF-16 without its mark": (HEADER.encode("utf-16-le"), None, "this is not text"),
    "two encodings": (f"{HEADER}\n{ROW}\u00e6".encode() + b"\xe6\n", None, "are mixed"),
    "no encoding": (f"{HEADER}\n{ROW}".encode() + b"\x81\n", 2, "neither UTF-8 nor windows-1252"),
    "no header": (f"{ROW}\n", None, "is a header; it names the columns, at least municipality"),
    "nothing": ("", None, "is a header"),
    "an open quote": (f'{HEADER}\n{ROW}"open\n{ROW}\n', 2, "each one is closed"),
    "a quote in quotes": (f'{HEADER}\n{ROW}"a "b" c"\n', 2, "is written twice"),
    "too few cells": (f"{HEADER}\n1824,2013-02\n", 2, "has 2 cells and the header 11"),
    "too many cells": (f"{HEADER}\n{ROW},,more\n", 2, "has 13 cells and the header 11"),
    "a decimal comma among commas": (
        f"{HEADER}\n{ROW}\n".replace("1387.20", "1387,20"),
        2,
        "the separator in it stands in quotes",
    ),
    "an unnamed column with cells": (f"{HEADER},\n{ROW},more\n", 1, "column 12 has cells"),
}


@pytest.mark.parametrize(("content", "line", "message"), WHOLES.values(), ids=WHOLES.keys())
def test_a_file_that_cannot_be_read_is_refused_with_one_sentence(
    file: Path, content: str | bytes, line: int | None, message: str
) -> None:
    ((where, _, said),) = faults(file, content)

    assert where == line
    assert message in said


@pytest.mark.parametrize(
    ("header", "column", "message"),
    [
        (f"lost_dayz,{HEADER}", "1 (lost_dayz)", "not known; did you mean lost_days?"),
        (f"zzz,{HEADER}", "1 (zzz)", "not known; known are municipality, period,"),
        (f"persons,{HEADER}", "6 (persons)", "stands twice"),
    ],
)
def test_a_column_that_is_not_known_is_refused(
    file: Path, header: str, column: str, message: str
) -> None:
    found = faults(file, f"{header}\n,{ROW}\n")

    assert found[0][:2] == (1, column) or found[0][1] == "1 (persons)"
    assert message in found[0][2]


def test_every_fault_of_a_file_is_told_at_once(file: Path) -> None:
    content = f"{HEADER}\n" + f"{ROW.replace('1824', 'x').replace('1010', 'y')}\n" * 30

    assert len(faults(file, content)) == 60
    with pytest.raises(FileUnreadable, match="and 40 more"):
        read(file, content)


INDICATORS = "metric,municipality,period,numerator,denominator,value,weight"


def test_a_figure_of_any_metric_has_its_axes_as_columns(file: Path) -> None:
    content = (
        f"{INDICATORS},of,definition.denominator\n"
        'reputation,1824,2013,,,"7,25",812,owners,asked\n'
        "positions,1824,2013-H1,410,,,,,\n"
    )

    score, count = read(file, content)

    assert (score.kind, count.kind) == ("indicator", "indicator")
    assert score.body == {
        "metric": "reputation",
        "municipality": "1824",
        "period": "2013",
        "value": "7.25",
        "weight": "812",
        "definition": {"of": "owners", "denominator": "asked"},
    }
    assert count.body["definition"] == {}


def test_figures_of_several_kinds_stand_in_one_file(file: Path) -> None:
    header = f"{INDICATORS},lost_days,agreed_days,certification,holiday,source"
    header = f"{header},definition.denominator"
    absence = "1387.20,20104.00,total,corrected,municipality-hr,agreed"

    figures = read(
        file,
        f"{header}\nabsence,1824,2013-02,,,,,{absence}\nreputation,1824,2013,,,7.25,,,,,,,\n",
    )

    assert [figure.kind for figure in figures] == ["absence", "indicator"]
    assert figures[0].body["definition"] == BODY["definition"]


def test_a_number_that_a_kind_does_not_have_is_refused(file: Path) -> None:
    content = f"kind,numerator,{HEADER}\nabsence,17,{ROW}\n"

    assert faults(file, content) == [
        (
            2,
            "2 (numerator)",
            "got '17'; figures of this kind have no such column; leave the cell empty",
        )
    ]


def test_a_kind_that_is_not_known_is_refused(file: Path) -> None:
    ((line, column, message),) = faults(file, f"kind,{HEADER}\nabscence,{ROW}\n")

    assert (line, column) == (2, "1 (kind)")
    assert message == "got 'abscence'; write one of absence, workforce, indicator"


def test_an_id_may_not_stand_twice_with_unlike_content(file: Path) -> None:
    repeated = f"{ID},{ROW}\n{ID},{ROW}\n"
    assert len(read(file, f"figure_id,{HEADER}\n{repeated}")) == 2

    ((line, column, message),) = faults(
        file, f"figure_id,{HEADER}\n{repeated}{ID.upper()},{ROW.replace('1010', '1011')}\n"
    )

    assert (line, column) == (4, "1 (figure_id)")
    assert "stands above with other content" in message


def test_a_file_that_is_not_there_is_said_to_be_so(file: Path) -> None:
    with pytest.raises(FileUnreadable, match="No such file"):
        read_figures(file, publisher="310000086")


def test_the_figures_of_the_model_programme_are_read() -> None:
    vefsn = Path(__file__).parents[3] / "programmes" / "saman-2011" / "figures" / "vefsn.csv"

    figures = read_figures(vefsn, publisher="310000019")

    assert len(figures) > 50
    assert len({figure.figure_id for figure in figures}) == len(figures)
