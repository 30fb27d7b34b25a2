"""A large CSV file until a network could see it, beside polars with scikit-learn.

    python benchmarks/bench_reading.py [--rows 1000000] [--rounds 3] [--table FILE] [--profile]

The table has 20 columns: measurements (some with gaps), whole numbers, yes/no, dates, and texts of
few and of many levels. chainrule reads it, decides what each column is, learns the encoding and
encodes (`read_table`, `infer_schema`, `InputEncoder`). The other way is `polars.read_csv` and a
`ColumnTransformer` that fills gaps and scales numbers, and one-hot encodes the rest, at most 100
levels a column. Each runs in processes of its own, in turn. Times are medians without imports, and
memory is the peak of a process less what it held after the imports.
"""

import argparse
import cProfile
import json
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TIME, MEMORY = 1.5, 4  # the goals: times the other way, times the table
NUMBERS = ("width", "depth", "mass", "price", "gain", "slope", "rate")
WHOLE = ("rooms", "age", "visits", "year")
TEXTS = {"zone": 3, "size": 5, "brand": 12, "colour": 25, "town": 300, "street": 5000}
DATES = ("built", "sold")


def write_table(path, n_rows, seed=0):
    """Write the table: numbers of three decimals, gaps in every third column."""
    import numpy as np
    import polars as pl

    draw = np.random.default_rng(seed)
    columns = {name: draw.lognormal(size=n_rows).round(3) for name in NUMBERS}
    columns |= {name: draw.poisson(9, n_rows) for name in WHOLE}
    columns["insured"] = draw.random(n_rows) < 0.3
    for name, n_levels in TEXTS.items():
        often = np.minimum(draw.zipf(1.3, n_rows) - 1, n_levels - 1)
        columns[name] = np.array([f"{name} {i}" for i in range(n_levels)])[often]
    for name in DATES:
        days = draw.integers(0, 9000, n_rows)
        columns[name] = np.datetime64("2000-01-01") + days.astype("timedelta64[D]")
    table = pl.DataFrame(columns)
    gaps = {name: pl.Series(draw.random(n_rows) < 0.05) for name in table.columns[::3]}
    table = table.with_columns(pl.when(~gap).then(name).alias(name) for name, gap in gaps.items())
    table.write_csv(path)


def by_chainrule(path):
    """Return the shape of what the network sees, its bytes, and the seconds of each part."""
    from chainrule.data import InputEncoder, infer_schema, read_table

    yield
    frame = read_table(path)
    yield "read"
    schema = infer_schema(frame)
    yield "schema"
    encoder = InputEncoder.fit(frame, schema=schema)
    yield "fit"
    seen = encoder.transform(frame)
    yield "transform"
    yield list(seen.shape)


def by_scikit_learn(path):
    """Do the same with polars and scikit-learn."""
    import polars as pl
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    yield
    frame = pl.read_csv(path, try_parse_dates=True)
    frame = frame.with_columns(pl.col(DATES).cast(pl.Int32), pl.col(pl.Boolean).cast(pl.Int8))
    yield "read"
    numbers = [name for name in frame.columns if name not in TEXTS]
    levels = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=100)
    both = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers), (levels, list(TEXTS))
    )
    both.fit(frame)
    yield "fit"
    seen = both.transform(frame)
    yield "transform"
    yield list(seen.shape)


WAYS = {"chainrule": by_chainrule, "polars and scikit-learn": by_scikit_learn}


def memory(key):
    """Return `VmRSS` or `VmHWM` of this process in bytes."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[key].split()[0]) * 1024


def child(way, path, profiled):
    """Go one way in this process, and print what it took."""
    steps = WAYS[way](path)
    next(steps)
    before, seconds, start = memory("VmRSS"), {}, time.perf_counter()
    profile = cProfile.Profile()
    if profiled:
        profile.enable()
    for step in steps:
        profile.disable()
        if isinstance(step, list):
            shape = step
            break
        seconds[step], start = time.perf_counter() - start, time.perf_counter()
        if profiled:
            profile.enable()
    if profiled:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(30)
    print(json.dumps({"seconds": seconds, "shape": shape, "bytes": memory("VmHWM") - before}))


def run(way, path, profiled):
    """Return what a process that goes one way printed."""
    command = [sys.executable, __file__, "--child", way, "--table", str(path)]
    command += ["--profile"] * profiled
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def report(found, n_bytes):
    """Print a line for each way, and how the goals stand."""
    total = {
        w: statistics.median(sum(r["seconds"].values()) for r in runs) for w, runs in found.items()
    }
    peak = {way: max(each["bytes"] for each in runs) for way, runs in found.items()}
    print("| with | s | of which | peak, MB | sees |")
    print("|---|---|---|---|---|")
    for way, runs in found.items():
        parts = {p: statistics.median(r["seconds"][p] for r in runs) for p in runs[0]["seconds"]}
        parts = " · ".join(f"{part} {seconds:.2f}" for part, seconds in parts.items())
        shape = " × ".join(map(str, runs[0]["shape"]))
        print(f"| {way} | {total[way]:.2f} | {parts} | {peak[way] / 1e6:.0f} | {shape} |")
    ours, peer = WAYS
    n_rows, n_inputs = found[ours][0]["shape"]
    seen = 4 * n_rows * n_inputs
    print(f"\n- time, against {peer}: {total[ours] / total[peer]:.2f} (goal: at most {TIME})")
    for name, size in (("what the network sees", seen), ("the file", n_bytes)):
        print(f"- peak, against {name} ({size / 1e6:.0f} MB): {peak[ours] / size:.2f}")
    print(f"- goal of the peak: at most {MEMORY} times either")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--table", help="made if it is not there")
    parser.add_argument("--profile", action="store_true", help="where chainrule's time goes")
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, asked.table, asked.profile)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(asked.table or Path(folder, "table.csv"))
        if not path.exists():
            write_table(path, asked.rows)
        if asked.profile:
            run("chainrule", path, True)
            return
        found = {way: [] for way in WAYS}
        for _ in range(asked.rounds):
            for way, runs in found.items():
                runs.append(run(way, path, False))
        report(found, os.path.getsize(path))


if __name__ == "__main__":
    main()
