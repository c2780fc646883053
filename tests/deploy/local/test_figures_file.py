"""The reference client reads a file of figures, and says which line it cannot read."""

from pathlib import Path

import pytest

from deploy.client import read_figures
from shared.errors import RuleBroken

HEADER = (
    "figure_id,municipality,period,lost_days,agreed_days,certification,denominator,holiday,source"
)
REST = "1124,2014-03,1290.50,19804.00,total,agreed,corrected,municipality-hr"
ID = "5d3a5f0e-8f51-4e6f-9a3c-0d2e5b0f2d5e"


def test_an_id_is_written_as_receipts_repeat_it(tmp_path: Path) -> None:
    file = tmp_path / "figures.csv"
    file.write_text(f"{HEADER}\n{ID.upper()},{REST}\n")

    (figure,) = read_figures(file, publisher="310000086")

    assert figure.figure_id == ID


def test_an_id_that_is_none_is_refused_with_its_line_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "figures.csv"
    file.write_text(f"# from the payroll system\n{HEADER}\n{ID},{REST}\n# and by hand\n17,{REST}\n")

    with pytest.raises(
        RuleBroken, match=r"figures.csv, line 5: figure_id must be a UUID, got '17'"
    ) as refused:
        read_figures(file, publisher="310000086")

    assert refused.value.code == "id-malformed"
