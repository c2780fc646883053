"""`saman post` reads the whole file before it speaks to Kafka."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from shared.errors import RuleBroken, Unavailable

HEADER = "municipality,period,lost_days,agreed_days,certification,denominator,holiday,source"
ROW = "1124,2014-03,1290.50,19804.00,total,agreed,corrected,municipality-hr"


@pytest.mark.parametrize(
    ("last", "error", "says"),
    [
        (
            ROW.replace("1290.50", "soon"),
            RuleBroken,
            r"line 502, column 3 \(lost_days\): got 'soon'",
        ),
        (ROW, Unavailable, "Kafka at 127.0.0.1:1 does not answer, or does not let"),
    ],
)
def test_nothing_is_sent_before_the_last_line_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, last: str, error: type[Exception], says: str
) -> None:
    monkeypatch.setenv("SAMAN_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    file = tmp_path / "figures.csv"
    file.write_text("\n".join([HEADER, *[ROW] * 500, last]))

    ran = CliRunner().invoke(app, ["post", str(file), "--publisher", "310000086"])

    assert isinstance(ran.exception, error)
    with pytest.raises(error, match=says):
        raise ran.exception
