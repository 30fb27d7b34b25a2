"""Dates as inputs and as target: what the commands and the report make of them."""

import io
import json
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest
from small import QUICK, done, refused

from chainrule import load

N = 300
DRAW = np.random.default_rng(0)
DAY = [date(2021, 1, 1) + timedelta(days=int(i)) for i in np.sort(DRAW.integers(0, 700, N))]
A = DRAW.normal(size=N)
TABLE = pl.DataFrame(
    {
        "day": DAY,
        "at": [time(int(hour), 30) for hour in DRAW.integers(0, 24, N)],
        "a": A,
        "due": [day + timedelta(days=int(30 + 9 * a)) for day, a in zip(DAY, A, strict=True)],
    }
)
MOMENTS = TABLE.with_columns(pl.col("due").cast(pl.Datetime("ms")) + pl.duration(hours=7))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with tables of dates, and runs that predict them."""
    path = tmp_path_factory.mktemp("dates")
    TABLE.write_parquet(path / "t.parquet")
    MOMENTS.write_parquet(path / "m.parquet")
    fit = f"-t due {QUICK} --split last --epochs 30"
    told = [
        done(path, f"fit t.parquet {fit.replace('--no-report', '')} --out run"),
        done(path, f"fit m.parquet {fit} --quantile 0.1,0.5,0.9 --out moments"),
    ]
    (path / "told.txt").write_text("\n".join(told))
    return path


def test_what_is_decided_is_said(folder):
    told = (folder / "told.txt").read_text()
    for words in (
        "due: regression (dates)",
        "1 date (day: days scaled + time of year + time of month + day of week)",
        "1 time of day as 4 waves (at)",
    ):
        assert words in told
    manifest = json.loads((folder / "run" / "manifest.json").read_text())
    assert [kind for _, kind, _ in manifest["columns"]] == ["date", "clock", "number"]
    assert manifest["results"]["test"]["unit"] == "days"
    page = (folder / "run" / "report.html").read_text()
    for words in ("dates (regression)", "time of month as 2 waves", "time of day as 4 waves"):
        assert words in page
    explained = done(folder, "explain run --row 3")
    assert f"The target due is {TABLE['due'][3]}, day 1" in explained
    early = TABLE["at"].to_list().index(time(7, 30))
    assert "sin(2π 7.5 / 24) =" in done(folder, f"explain run --row {early}")


def test_dates_are_predicted_as_dates(folder):
    text = done(folder, "predict run t.parquet --interval 0.8")
    table = pl.read_csv(io.StringIO(text), try_parse_dates=True)
    assert table.dtypes == [pl.Date] * 3
    model = load(folder / "run" / "model.chr")
    assert table["prediction"].to_list() == model.predict(TABLE.drop("due")).tolist()
    assert (table["lower"] <= table["prediction"]).all()
    assert (table["prediction"] <= table["upper"]).all()
    done(folder, "predict moments m.parquet -o p.parquet")
    moments = pl.read_parquet(folder / "p.parquet")
    assert moments.columns == ["prediction", *(f"quantile {q}" for q in (0.1, 0.5, 0.9))]
    assert moments.dtypes == [pl.Datetime("us")] * 4
    assert datetime(2020, 1, 1) < moments["prediction"].min() < datetime(2024, 1, 1)
    model = load(folder / "moments" / "model.chr")
    assert model.predict(MOMENTS).dtype == np.dtype("M8[ms]")
    assert model.predict_interval(MOMENTS, coverage=0.8).dtype == np.dtype("M8[ms]")
    TABLE.clear().write_parquet(folder / "none.parquet")
    assert done(folder, "predict run none.parquet") == "prediction\n"


def test_errors_are_in_days(folder):
    scores = json.loads(done(folder, "evaluate run t.parquet --json"))
    model, X = load(folder / "run" / "model.chr"), TABLE.drop("due")
    errors = (model.predict(X) - TABLE["due"].to_numpy()).astype("m8[D]").astype(float)
    assert scores["mae"] == pytest.approx(np.abs(errors).mean())
    assert scores["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
    assert scores["r2"] == pytest.approx(model.score(X, TABLE["due"]))
    assert f"mae {scores['mae']:.4g} days" in done(folder, "evaluate run t.parquet")
    shares = json.loads(done(folder, "evaluate moments m.parquet --json"))["quantiles"]
    assert [each["level"] for each in shares] == [0.1, 0.5, 0.9]
    assert all(0 <= each["share_below"] <= 1 for each in shares)


def test_a_number_where_dates_were_is_refused(folder):
    TABLE.with_columns(day=pl.lit(19000)).write_parquet(folder / "numbers.parquet")
    refused(folder, "predict run numbers.parquet", '"day" held dates', "row 1", "like 2024-01-31")
