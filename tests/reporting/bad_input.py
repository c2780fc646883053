"""What comes in that must not: the same table for both doors, with the code and what the sentence
must name.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from tests.reporting.factories import DEFINITION, figure, rate_figure

IDENTITY_NUMBER = "15108600036"
"""Made of a date and check digits; it was not given to anybody that these tests know of."""

TEST_PERSON = "15908600182"
"""The number of a test person, whose month is raised by 80."""


@dataclass(frozen=True, slots=True)
class BadFigure:
    """A figure's body that is refused by its content.

    Attributes:
        content: the JSON object, without the figure's id.
        pointer: where the fault is said to be.
        names: the value, the bound or the place that the sentence must name.
    """

    code: str
    content: dict[str, Any]
    pointer: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} at {self.pointer or '/'}"


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in figure().items() if key != name}


BAD_FIGURES = [
    BadFigure("schema-mismatch", figure(municipality=9824), "/municipality", ("9824", "string")),
    BadFigure(
        "schema-mismatch", figure(municipality="182"), "/municipality", ("'182'", "[0-9]{4}")
    ),
    BadFigure("schema-mismatch", figure(municipality="１８２４"), "/municipality", ("[0-9]{4}",)),
    BadFigure("schema-mismatch", figure(persons="many"), "/persons", ("'many'", "integer")),
    BadFigure("schema-mismatch", figure(persons=-1), "/persons", ("-1", "0")),
    BadFigure("schema-mismatch", figure(persons=10_000_001), "/persons", ("10000001", "10000000")),
    BadFigure("schema-mismatch", figure(window="month"), "/window", ("'month'", "'rolling-12'")),
    BadFigure("schema-mismatch", figure(unit="Helse og omsorg"), "/unit", ("'Helse og omsorg'",)),
    BadFigure("schema-mismatch", figure(note="x" * 501), "/note", ("500",)),
    BadFigure("schema-mismatch", figure(generated="yes"), "/generated", ("'yes'",)),
    BadFigure(
        "definition-unknown",
        figure(definition=DEFINITION | {"source": "payroll"}),
        "/definition",
        ("'payroll'", "municipality-hr"),
    ),
    BadFigure(
        "schema-mismatch",
        figure(definition=DEFINITION | {"holiday": True}),
        "/definition/holiday",
        ("true",),
    ),
    BadFigure(
        "schema-mismatch", figure(definition="total"), "/definition", ("JSON object", "'total'")
    ),
    BadFigure("field-missing", _without("municipality"), "/municipality", ("/municipality",)),
    BadFigure("field-missing", _without("period"), "/period", ("/period",)),
    BadFigure("field-missing", _without("definition"), "/definition", ("/definition",)),
    BadFigure("unknown-field", figure(employee="Ola"), "/employee", ("/employee",)),
    BadFigure(
        "definition-unknown",
        figure(definition=DEFINITION | {"x": "1"}),
        "/definition",
        ("'x'",),
    ),
    BadFigure("municipality-unknown", figure(municipality="9999"), "/municipality", ("9999",)),
    BadFigure(
        "municipality-number-not-valid",
        figure(municipality="9402"),
        "/municipality",
        ("9402", "2020-01-01", "2013-02-28"),
    ),
    BadFigure(
        "publisher-not-allowed", figure(municipality="9903"), "", ("harstad-9903", "2013-02-28")
    ),
    BadFigure(
        "lost-above-agreed", figure(lost_days="20104.01"), "/lost_days", ("20104.01", "20104.00")
    ),
    BadFigure("number-negative", figure(lost_days="-0.5"), "/lost_days", ("-0.5", "0 or more")),
    BadFigure(
        "decimal-malformed", figure(lost_days="NaN"), "/lost_days", ("'NaN'", "12 digits before")
    ),
    BadFigure("decimal-malformed", figure(lost_days="Infinity"), "/lost_days", ("'Infinity'",)),
    BadFigure("decimal-malformed", figure(lost_days="1e3"), "/lost_days", ("'1e3'",)),
    BadFigure("decimal-malformed", figure(lost_days="1,5"), "/lost_days", ("'1,5'",)),
    BadFigure(
        "decimal-malformed", figure(lost_days="0.1234567"), "/lost_days", ("'0.1234567'", "6 after")
    ),
    BadFigure(
        "decimal-malformed", figure(lost_days="1234567890123"), "/lost_days", ("'1234567890123'",)
    ),
    BadFigure(
        "decimal-malformed", figure(lost_days=0.1234567), "/lost_days", ("'0.1234567'", "6 after")
    ),
    BadFigure(
        "decimal-malformed", figure(lost_days=1e30), "/lost_days", ("'1E+30'", "12 digits before")
    ),
    BadFigure("decimal-malformed", figure(lost_days=1e-20), "/lost_days", ("'1E-20'",)),
    BadFigure(
        "decimal-malformed",
        figure(agreed_days=1234567890123.5),
        "/agreed_days",
        ("'1234567890123.5'",),
    ),
    BadFigure("decimal-malformed", figure(lost_days=True), "/lost_days", ("'True'",)),
    BadFigure("decimal-malformed", figure(lost_days=[1]), "/lost_days", ("'[1]'",)),
    BadFigure(
        "period-not-ended", figure(period="2014-03"), "/period", ("2014-03-31", "2014-03-07")
    ),
    BadFigure("period-not-ended", figure(period="2999"), "/period", ("2999-12-31", "2014-03-07")),
    BadFigure("period-too-old", figure(period="1989-12"), "/period", ("1989-12", "1990")),
    BadFigure(
        "period-malformed", figure(period="2013-13"), "/period", ("'2013-13'", "2013-02, 2013-Q1")
    ),
    BadFigure("period-malformed", figure(period="2013-00"), "/period", ("'2013-00'",)),
    BadFigure("period-malformed", figure(period="0000-01"), "/period", ("'0000-01'",)),
    BadFigure("period-malformed", figure(period="februar"), "/period", ("'februar'",)),
    BadFigure("period-malformed", figure(period=None), "/period", ("None", "2013-02")),
    BadFigure("period-malformed", figure(period=2013), "/period", ("2013", "text such as 2013-02")),
    BadFigure(
        "window-needs-month", figure(period="2012-Q4", window="rolling-12"), "/period", ("2012-Q4",)
    ),
    BadFigure(
        "rate-out-of-bounds",
        rate_figure(rate_percent="100.01"),
        "/rate_percent",
        ("100.01", "0 to 100"),
    ),
    BadFigure(
        "weight-kind-missing",
        rate_figure(weight_kind=None),
        "/weight_kind",
        ("equal, working-days",),
    ),
]

IDENTITY_NUMBERS_IN = {
    "a note": figure(note=f"gjeld {IDENTITY_NUMBER[:6]} {IDENTITY_NUMBER[6:]}"),
    "a key": figure(**{IDENTITY_NUMBER: "x"}),
    "a key inside": figure(definition=DEFINITION | {f"fnr{IDENTITY_NUMBER}": 1}),
    "an unknown field": figure(employees=[{"who": {"id": IDENTITY_NUMBER}}]),
    "a test person": figure(note=f"gjeld {TEST_PERSON}"),
    "a number": figure(persons=int(IDENTITY_NUMBER)),
    "a number that lost its zero": figure(persons=1010100050),
    "a number with a fraction": figure(lost_days=float(IDENTITY_NUMBER)),
    "the municipality": figure(municipality=IDENTITY_NUMBER),
    "the unit": figure(unit=f"u-{IDENTITY_NUMBER}"),
    "a body with other faults": {"period": "2013-13", "x": IDENTITY_NUMBER},
}

UNREADABLE: dict[str, tuple[str, bytes]] = {
    "no JSON": ("json-malformed", b'{"municipality": "9824",'),
    "no UTF-8": ("json-malformed", b'{"note": "\xff"}'),
    "an empty body": ("json-malformed", b""),
    "a list": ("json-malformed", b"[]"),
    "NaN": ("number-not-finite", json.dumps(figure(lost_days=float("nan"))).encode()),
    "minus infinity": ("number-not-finite", json.dumps(figure(lost_days=float("-inf"))).encode()),
    "a key twice": ("json-duplicate-key", b'{"period": "2013-01", "period": "2013-02"}'),
    "too deep": ("json-too-deep", b'{"a":' * 30 + b"1" + b"}" * 30),
    "a number of 5,000 digits": ("json-malformed", b'{"persons": ' + b"9" * 5_000 + b"}"),
    "U+0000": ("text-unstorable", b'{"note": "\\u0000"}'),
    "half a surrogate pair": ("text-unstorable", b'{"note": "\\ud800"}'),
}
"""What cannot even be taken apart; over Kafka an empty body is `value-missing`."""

UNREADABLE_WITH_A_PERSON = {
    "no JSON": b'{"note": "%s"' % IDENTITY_NUMBER.encode(),
    "no UTF-8": b'{"note": "\xff %s"}' % IDENTITY_NUMBER.encode(),
    "a key twice": b'{"%b": 1, "%b": 2}' % ((IDENTITY_NUMBER.encode(),) * 2),
    "a list": b'["%s"]' % IDENTITY_NUMBER.encode(),
    "UTF-16": f'{{"note": "{IDENTITY_NUMBER}"}}'.encode("utf-16"),
    "base64": b'{"data_base64": "%s"' % b64encode(f"Ola {IDENTITY_NUMBER}".encode()),
    "escapes": b'{"note": "%s"'
    % b"".join(b"\\u00%02x" % byte for byte in IDENTITY_NUMBER.encode()),
    "a number that lost its zero": b'{"persons": 1010100050, "persons": 1}',
    "a test person": b'{"note": "%s"' % TEST_PERSON.encode(),
}
