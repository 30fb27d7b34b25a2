"""What trains a classifier with Adam in `bench_speed`: chainrule, and the tools beside it.

Every tool is made for one problem and gives a function of a number of epochs, which trains from
the start and returns the loss at the end.  All shuffle, take the same batches' size, and measure
nothing but the mean loss of the steps.
"""

import importlib.util
import warnings

import jax
import jax.numpy as jnp
import numpy as np

from chainrule import engine as e

RATE = 1e-3


def installed(name):
    return importlib.util.find_spec(name) is not None


def table(sizes, n_rows):
    """Return inputs and labels of a problem that can be learnt."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_rows, sizes[0])).astype(np.float32)
    return x, (x @ rng.normal(size=(sizes[0], sizes[-1]))).argmax(axis=1)


def one_hot(labels, n_classes):
    return np.eye(n_classes, dtype=np.float32)[labels]


def network(sizes):
    layers = [part for size in sizes[1:-1] for part in (e.Dense(size, weights="he"), e.relu)]
    return e.FeedForward((*layers, e.Dense(sizes[-1])))


def chainrule(sizes, batch, x, labels, **options):
    options = {"measure_training": False} | options
    y = one_hot(labels, sizes[-1])

    def run(n_epochs):
        trained = e.train(
            network(sizes),
            e.SoftmaxCrossEntropy(),
            x,
            y,
            optimizer=e.Adam(RATE),
            batch_size=batch,
            n_epochs=n_epochs,
            **options,
        )
        return trained.history["running_loss"][-1]

    return run


def scikit_learn(sizes, batch, x, labels):
    from sklearn.neural_network import MLPClassifier

    def run(n_epochs):
        model = MLPClassifier(
            sizes[1:-1],
            batch_size=batch,
            max_iter=n_epochs,
            alpha=0,
            tol=0,
            n_iter_no_change=10**9,
            learning_rate_init=RATE,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.fit(x, labels).loss_

    return run


def pytorch(sizes, batch, x, labels, n_threads=None):
    """Eager, with the fused Adam; batches are gathered from tensors, which is its fastest way."""
    import torch

    inputs, targets = torch.from_numpy(x), torch.from_numpy(labels)

    def run(n_epochs):
        before = torch.get_num_threads()
        torch.set_num_threads(n_threads or before)
        layers = []
        for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
        model = torch.nn.Sequential(*layers[:-1])
        optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
        total = torch.zeros(())
        for _ in range(n_epochs):
            total = torch.zeros(())
            for rows in torch.randperm(len(inputs)).split(batch):
                loss = torch.nn.functional.cross_entropy(model(inputs[rows]), targets[rows])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(rows)
        torch.set_num_threads(before)
        return float(total) / len(inputs)

    return run


def torch_predictor(sizes):
    """Return a function that predicts the classes of rows with a network of random weights."""
    import torch

    layers = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])

    def predict(x):
        with torch.inference_mode():
            return model(torch.from_numpy(x)).argmax(dim=1).numpy()

    return predict


def pytorch_one_thread(*problem):
    return pytorch(*problem, n_threads=1)


def optax_loop(sizes, batch, x, labels):
    """JAX as people write it: one compiled step, called from Python for every batch."""
    import optax

    optimizer = optax.adam(RATE)
    inputs, targets = jnp.asarray(x), jnp.asarray(labels)

    def loss_of(params, rows):
        a = inputs[rows]
        for w, b in params[:-1]:
            a = jax.nn.relu(a @ w + b)
        z = a @ params[-1][0] + params[-1][1]
        return optax.softmax_cross_entropy_with_integer_labels(z, targets[rows]).mean()

    @jax.jit
    def step(params, state, rows):
        loss, grads = jax.value_and_grad(loss_of)(params, rows)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state, loss

    def run(n_epochs):
        rng = np.random.default_rng(0)
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        params = [
            (
                jnp.asarray(rng.normal(0, (2 / n) ** 0.5, (n, m)), jnp.float32),
                jnp.zeros(m, jnp.float32),
            )
            for n, m in pairs
        ]
        state, losses = optimizer.init(params), []
        for _ in range(n_epochs):
            order, losses = rng.permutation(len(x)).astype(np.int32), []
            for start in range(0, len(x), batch):
                params, state, loss = step(params, state, order[start : start + batch])
                losses.append(loss)
        return float(np.mean([float(loss) for loss in losses]))

    return run


def numpy_by_hand(sizes, batch, x, labels):
    """The six steps of the articles, in matrices."""
    y = one_hot(labels, sizes[-1])

    def run(n_epochs):
        rng = np.random.default_rng(0)
        params = []
        for n, m in zip(sizes[:-1], sizes[1:], strict=True):
            params.append(rng.normal(0, (2 / n) ** 0.5, (n, m)).astype(np.float32))
            params.append(np.zeros(m, np.float32))
        means = [np.zeros_like(p) for p in params]
        squares = [np.zeros_like(p) for p in params]
        t, total = 0, 0.0
        for _ in range(n_epochs):
            order, total = rng.permutation(len(x)), 0.0
            for start in range(0, len(x), batch):
                rows = order[start : start + batch]
                loss, grads = loss_and_gradient(params, x[rows], y[rows])
                total += float(loss) * len(rows)
                t += 1
                rate = RATE * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
                for p, g, m, v in zip(params, grads, means, squares, strict=True):
                    m += 0.1 * (g - m)
                    v += 0.001 * (g * g - v)
                    p -= rate * m / (np.sqrt(v) + 1e-8)
        return total / len(x)

    return run


def loss_and_gradient(params, x, y):
    activations = [x]
    for w, b in zip(params[:-2:2], params[1:-2:2], strict=True):
        activations.append(np.maximum(activations[-1] @ w + b, 0))
    z = activations[-1] @ params[-2] + params[-1]
    z -= z.max(axis=1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log((p * y).sum(axis=1)).mean()
    delta, grads = (p - y) / len(x), []
    for i in range(len(params) // 2 - 1, -1, -1):
        grads += [delta.sum(axis=0), activations[i].T @ delta]
        if i:
            delta = (delta @ params[2 * i].T) * (activations[i] > 0)
    return loss, grads[::-1]


TOOLS = {
    "chainrule": (chainrule, None),
    "scikit-learn": (scikit_learn, "sklearn"),
    "PyTorch": (pytorch, "torch"),
    "PyTorch, 1 thread": (pytorch_one_thread, "torch"),
    "JAX and optax": (optax_loop, "optax"),
    "NumPy": (numpy_by_hand, None),
}
