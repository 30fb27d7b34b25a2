"""Dates and times of day: which parts of the calendar become numbers, and dates as targets."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import InputEncoder, NumberTarget, as_columns, guess_task, infer_schema
from chainrule.data.columns import calendar
from chainrule.data.columns.kinds.date import Date
from chainrule.errors import DataError

START = dt.date(2021, 3, 1)  # a Monday
DAILY = [START + dt.timedelta(days=i) for i in range(800)]
MONTHS = [dt.date(2010 + i // 12, 1 + i % 12, 1) for i in range(100)]
MONTH_ENDS = [day - dt.timedelta(days=1) for day in MONTHS]
HOURLY = [dt.datetime(2023, 5, 3) + dt.timedelta(hours=i) for i in range(24 * 30)]


def midnight(day):
    return dt.datetime.combine(day, dt.time())


def days_of(dates):
    return as_columns(pl.DataFrame({"t": dates})).values("t").data


@pytest.mark.parametrize(
    ("dates", "parts"),
    [
        (DAILY, ["year", "month", "week"]),
        (DAILY[::7], ["year", "month"]),  # every Monday
        ([day for day in DAILY if day.weekday() < 5], ["year", "month", "week"]),
        (DAILY[:150], ["month", "week"]),
        (DAILY[:10], ["week"]),
        (DAILY[:3], []),
        (MONTHS, ["year"]),
        (MONTH_ENDS, ["year"]),
        (MONTHS[::3], ["year"]),
        (MONTHS[::12], []),
        (HOURLY, ["month", "week", "day"]),
        (HOURLY[:10], []),
        (HOURLY[12::24], ["month", "week"]),  # always at noon
        ([dt.datetime.combine(day, dt.time(12)) for day in MONTHS], ["year"]),
    ],
)
def test_the_parts_are_those_that_rows_can_be_told_apart_by(dates, parts):
    assert Date().parts_of(days_of(dates)) == parts


def test_by_hand():
    rows = [dt.datetime(2024, 3, 1, 6), dt.datetime(2023, 7, 2, 12), None]
    table = pl.DataFrame({"t": [*rows, *HOURLY, *map(midnight, DAILY)]})
    column = infer_schema(table).columns[0]
    assert (column.kind, column.parts, column.n_gaps) == (
        "date",
        ["year", "month", "week", "day"],
        1,
    )
    encoder = InputEncoder.fit(table)
    encoded = encoder.transform(pl.DataFrame({"t": rows}), np.float64)
    named = [dict(zip(encoder.feature_names_out, row, strict=True)) for row in encoded.tolist()]
    spring, summer, gap = named
    assert spring["t (day, sine)"] == pytest.approx(1)  # a quarter of the day is over
    assert summer["t (day, cosine)"] == pytest.approx(-1)
    assert summer["t (half-day, cosine)"] == pytest.approx(1)
    angle = 2 * np.pi * 60.25 / 366  # 31 + 29 days and six hours of a leap year
    assert spring["t (year, sine)"] == pytest.approx(np.sin(angle))
    assert spring["t (half-year, cosine)"] == pytest.approx(np.cos(2 * angle))
    assert summer["t (year, cosine)"] == pytest.approx(-1)  # 182.5 of 365
    assert spring["t (month, sine)"] == pytest.approx(np.sin(2 * np.pi * 0.25 / 31))
    week = [[row[f"t={day}"] for day in calendar.WEEKDAYS] for row in named]
    assert week == [[0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0, 1], [0] * 7]
    days = days_of(table["t"])
    mean, deviation = np.nanmean(days), np.nanstd(days)
    assert spring["t (days)"] == pytest.approx((19783.25 - mean) / deviation)
    assert {name: value for name, value in gap.items() if value} == {"t is missing": 1}
    assert encoder.transform_report(pl.DataFrame({"t": rows})) == [
        "t: 1 gap filled with the training mean"
    ]


@given(st.datetimes(dt.datetime(1600, 1, 1), dt.datetime(2400, 1, 1)))
def test_the_calendar_is_that_of_python(moment):
    days = days_of([moment])
    over, whole = calendar.of_year(days)
    year = dt.datetime(moment.year, 1, 1)
    assert over[0] * 86400 == pytest.approx((moment - year).total_seconds(), abs=1e-3)
    assert whole[0] == (dt.date(moment.year + 1, 1, 1) - year.date()).days
    numbers = calendar.as_columns(days)[0].tolist()
    hour = (moment - dt.datetime.combine(moment, dt.time())).total_seconds() / 3600
    assert numbers[:5] == [
        moment.year - 1970,
        moment.month - 1,
        moment.day - 1,
        moment.timetuple().tm_yday - 1,
        moment.weekday(),
    ]
    assert numbers[5] == pytest.approx(hour, abs=1e-6)


@pytest.mark.parametrize(
    "cycle", ["2023-12-31T23:59:59.9", "2024-12-31T23:59:59.9", "2024-02-29T23:59:59.9"]
)
def test_the_end_of_a_cycle_is_close_to_its_beginning(cycle):
    encoder = InputEncoder.fit(pl.DataFrame({"t": [*HOURLY, *map(midnight, DAILY)]}))
    end = np.datetime64(cycle, "us")
    pair = np.array([end, end + np.timedelta64(100, "ms")])
    before, after = encoder.transform(pl.DataFrame({"t": pair}), np.float64)
    waves = ["sine" in name for name in encoder.feature_names_out]
    assert sum(waves) == 10
    np.testing.assert_allclose(before[waves], after[waves], atol=2e-5)


def test_every_library_gives_the_same_numbers():
    moments = HOURLY[::7] + [dt.datetime(2022, 2, 3, 4, 5, 6)]
    tables = [
        pl.DataFrame({"t": moments}),
        pl.DataFrame({"t": moments}).cast(pl.Datetime("ns", "UTC")),
        pd.DataFrame({"t": moments}),
        pd.DataFrame({"t": pd.Series(moments, dtype=object)}),
        pa.table({"t": moments}),
        np.array(moments, dtype="datetime64[s]")[:, None],
        [[moment] for moment in moments],
    ]
    encoders = [InputEncoder.fit(table) for table in tables]
    each = [e.transform(t, np.float64) for e, t in zip(encoders, tables, strict=True)]
    for encoded in each[1:]:
        np.testing.assert_allclose(encoded, each[0], atol=1e-9)


def test_a_fitted_encoder_is_kept_and_numbers_of_days_stay_what_they_were():
    table = pl.DataFrame({"t": [*DAILY, None], "x": np.arange(801) % 7})
    text = table.with_columns(pl.col("t").cast(pl.String))
    asked = InputEncoder.fit(text, number=["t"]).transform(text)
    for options in ({}, {"number": ["t"]}):
        encoder = InputEncoder.fit(table, **options)
        meta, arrays = encoder.to_state()
        again = InputEncoder.from_state(json.loads(json.dumps(meta)), arrays)
        assert again.schema == encoder.schema
        np.testing.assert_array_equal(again.transform(table), encoder.transform(table))
    np.testing.assert_array_equal(encoder.transform(table), asked)
    days = days_of(table["t"])
    plain = encoder.transform(table, np.float64)[:, 0]
    np.testing.assert_allclose(plain[:-1], ((days - np.nanmean(days)) / np.nanstd(days))[:-1])
    # what files say that were written when dates were numbers
    note = "dates as days since 1970-01-01"
    meta["schema"]["columns"][0] = {"name": "t", "kind": "number", "note": note, "n_gaps": 1}
    old = InputEncoder.from_state(meta, arrays)
    np.testing.assert_array_equal(old.transform(table), encoder.transform(table))


TRAINED = {"date": DAILY[:30], "clock": [dt.time(hour % 24) for hour in range(30)]}


@pytest.mark.parametrize(
    ("kind", "words"), [("date", "dates.*2024-01-31"), ("clock", "times of day.*13:45")]
)
def test_numbers_in_a_column_of_dates_or_times_are_refused(kind, words):
    encoder = InputEncoder.fit(pl.DataFrame({"t": TRAINED[kind]}))
    with pytest.raises(DataError, match=f'"t" held {words}'):
        encoder.transform(pl.DataFrame({"t": [None, 19000.5]}))
    assert np.isfinite(encoder.transform(pl.DataFrame({"t": [None, None]}))).all()


@pytest.mark.parametrize("kind", TRAINED)
def test_text_is_read_as_dates_or_times_and_what_cannot_be_is_a_gap(kind):
    table = pl.DataFrame({"t": TRAINED[kind]})
    text = table.with_columns(pl.col("t").cast(pl.String))
    encoder, of_text = InputEncoder.fit(table), InputEncoder.fit(text)
    expected = encoder.transform(table, np.float64)
    assert of_text.schema.columns[0].note.startswith("text of ")
    for each in (encoder, of_text):
        np.testing.assert_allclose(each.transform(text, np.float64), expected)
        np.testing.assert_allclose(each.transform(table, np.float64), expected)
    lines = encoder.transform_report(pl.DataFrame({"t": [text["t"][0], "oops", None]}))
    assert '1 cell ("oops"; first in data row 2) cannot be read as' in lines[0]
    assert "2 gaps" in lines[1]


def test_times_of_day_are_a_circle():
    times = [dt.time(0), dt.time(6), dt.time(12, 30), None, dt.time(23, 59, 59, 999999)]
    table = pl.DataFrame({"t": times})
    encoder = InputEncoder.fit(table)
    assert encoder.schema.describe() == ["1 time of day as 4 waves (t)"]
    encoded = encoder.transform(table, np.float64)
    np.testing.assert_allclose(encoded[0], encoded[4], atol=1e-9)
    np.testing.assert_allclose(encoded[1], [1, 0, 0, -1, 0], atol=1e-12)
    assert encoded[3].tolist() == [0, 0, 0, 0, 1]
    for other in (pd.DataFrame({"t": times}), pa.table({"t": times}), [[each] for each in times]):
        np.testing.assert_array_equal(InputEncoder.fit(other).transform(other, float), encoded)
    asked = InputEncoder.fit(table, category=["t"])  # as models have it that were fitted before
    assert asked.schema.columns[0].levels == ["00:00:00", "06:00:00", "12:30:00", "23:59:59.999999"]


def test_trees_are_given_the_calendar_as_plain_numbers():
    table = pl.DataFrame({"x": [0.5, 1.5] * 400, "t": DAILY, "at": [dt.time(3), dt.time(9)] * 400})
    encoder = InputEncoder.fit(table)
    encoded = encoder.transform(table, np.float64)
    seen = encoder.for_trees(table, encoded)
    assert seen[1].tolist() == [encoded[1, 0], encoded[1, 1], 51, 2, 1, 60, 1, 0, 9]
    alone = InputEncoder.fit(table.select("x"))
    assert alone.for_trees(table, encoded) is encoded
    assert (alone.uncut, encoder.uncut) == ([], list(range(1, encoded.shape[1])))


UNITS = {
    "D": pl.Series(DAILY[:30]),
    "us": pl.Series(HOURLY[:30]),
    "ms": pl.Series(HOURLY[:30]).cast(pl.Datetime("ms")),
    "ns": pd.Series(HOURLY[:30]).astype("datetime64[ns]"),
    "s": np.array(HOURLY[:30], dtype="datetime64[s]"),
    "h": np.array(HOURLY[:30], dtype="datetime64[h]"),
    "M": np.array(MONTHS[:30], dtype="datetime64[M]"),
}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("scale", [True, False])
def test_dates_come_back_as_dates_of_their_unit(unit, scale):
    y = UNITS[unit]
    target = NumberTarget.fit(y, scale=scale)
    assert guess_task(y) == ("regression", "dates")
    assert (target.units, target.dated, target.numeric.dated) == ((unit,), True, False)
    back = target.decode(target.encode(y))
    assert back.dtype == np.dtype(f"M8[{unit}]")
    np.testing.assert_array_equal(back, np.asarray(y))
    meta, arrays = target.to_state()
    again = NumberTarget.from_state(json.loads(json.dumps(meta)), arrays)
    np.testing.assert_array_equal(again.decode(target.encode(y)), back)
    np.testing.assert_allclose(target.plain(back)[:, 0], days_of(np.asarray(y, "M8[us]")))


def test_whole_days_are_rounded_and_dates_stay_within_their_unit():
    target = NumberTarget.fit(pd.Series(DAILY[:30]).astype("datetime64[ns]"), scale=False)
    shifted = target.encode(DAILY[:2]) + [[0.4], [0.6]]
    whole = target.decode(shifted).astype("M8[D]")
    assert whole.tolist() == [DAILY[0], DAILY[2]]
    far = target.decode(np.array([[1e9], [-1e9], [np.nan]]))
    assert far[:2].astype("M8[Y]").astype(int).tolist() == [292, -293]  # the ends of nanoseconds
    assert np.isnat(far[2])


def test_dates_beside_numbers():
    y = pl.DataFrame({"due": DAILY[:30], "cost": np.arange(30.0), "at": HOURLY[:30]})
    target = NumberTarget.fit(y)
    assert target.units == ("D", "", "us")
    back = target.decode(target.encode(y))
    assert back.dtype == object
    assert [each[0] for each in back[:3].tolist()] == DAILY[:3]
    assert back[5].tolist() == [DAILY[5], pytest.approx(5.0), HOURLY[5]]
    np.testing.assert_allclose(target.plain(back), np.stack(target.as_scored(y), axis=1))
    both = NumberTarget.fit(y.drop("cost"))
    assert both.decode(both.encode(y.drop("cost"))).dtype == np.dtype("M8[us]")
    assert guess_task(y.drop("cost")) == ("regression", "2 columns of dates")
    assert "units" not in NumberTarget.fit(y["cost"]).to_state()[0]
    meta, arrays = target.to_state()
    with pytest.raises(ValueError, match="units"):
        NumberTarget.from_state(meta | {"units": ["fortnight", "", "D"]}, arrays)
