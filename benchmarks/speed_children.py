"""What `bench_speed` runs as processes of their own: scripts as users write them."""

import sys
import warnings


def iris(tool):
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    options = {"max_iter": 200, "batch_size": 32, "random_state": 0}
    if tool == "chainrule":
        from chainrule import MLPClassifier

        model = MLPClassifier((64,), **options)
    else:
        from sklearn.neural_network import MLPClassifier

        model = MLPClassifier((64,), tol=0, n_iter_no_change=1000, **options)
    print(model.fit(x, y).score(x, y))


def grid(tool):
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import GridSearchCV
    from sklearn.preprocessing import StandardScaler

    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    candidates = {
        "alpha": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1],
        "learning_rate_init": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2],
    }
    options = {"max_iter": 100, "batch_size": 32, "random_state": 0}
    if tool == "chainrule":
        from chainrule import MLPClassifier
        from chainrule.engine import compilations

        GridSearchCV(MLPClassifier((64,), **options), candidates, cv=5).fit(x, y)
        print(compilations()["run_block"])
    else:
        from sklearn.neural_network import MLPClassifier

        model = MLPClassifier((64,), tol=0, n_iter_no_change=1000, **options)
        GridSearchCV(model, candidates, cv=5).fit(x, y)


def memory(how):
    """Print the memory before, that of the table, and the peak, in MiB."""
    import re
    from pathlib import Path

    import numpy as np

    from chainrule import MLPClassifier
    from chainrule import engine as e

    def mebibytes(key):
        status = Path("/proc/self/status").read_text()
        return int(re.search(rf"{key}:\s*(\d+)", status)[1]) / 1024

    rng, n_rows = np.random.default_rng(0), 1_000_000
    small = rng.normal(size=(100, 3))
    MLPClassifier((4,), max_iter=1).fit(small, small[:, 0] > 0)
    before = mebibytes("VmRSS")
    x = rng.standard_normal((n_rows, 100), dtype=np.float32)
    labels = (x[:, 0] > 0).astype(int)
    if how == "engine":
        e.train(
            e.FeedForward((e.Dense(64), e.relu, e.Dense(2))),
            e.SoftmaxCrossEntropy(),
            x,
            np.eye(2, dtype=np.float32)[labels],
            optimizer=e.Adam(0.001),
            batch_size=256,
            n_epochs=1,
        )
    else:
        MLPClassifier((64,), max_iter=1, batch_size=256).fit(x, labels)
    print(before, (x.nbytes + labels.nbytes) / 2**20, mebibytes("VmHWM"))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"iris": iris, "grid": grid, "memory": memory}[sys.argv[1]](sys.argv[2])
