"""The iris network of the backpropagation tutorials, in full, on chainrule's engine.

Four inputs, two hidden sigmoid units, three sigmoid outputs, no bias; 5000 steps of gradient
descent on the whole table.  Prints what the tutorials print: an accuracy of 0.8.
"""

import numpy as np
from sklearn.datasets import load_iris

from chainrule.engine import (
    Accuracy,
    Dense,
    FeedForward,
    GradientDescent,
    SquaredError,
    predict,
    sigmoid,
    train,
)

# The data: classes as one-hot rows, 20 rows for testing and 130 for training.
x, species = load_iris(return_X_y=True)
y = np.eye(3)[species]
order = np.random.RandomState(4).permutation(150)
x_test, x_train, y_test, y_train = x[order[:20]], x[order[20:]], y[order[:20]], y[order[20:]]

# The network, with the initial weights of seed 10.
random = np.random.RandomState(10)
w1 = random.normal(scale=0.5, size=(4, 2))
w2 = random.normal(scale=0.5, size=(2, 3))
network = FeedForward(
    (Dense(2, bias=False, weights=w1), sigmoid, Dense(3, bias=False, weights=w2), sigmoid)
)

# The objective: Σ (a - y)² / 2N.  over="elements" is N = 390, over="rows" is N = 130.
objective = SquaredError(half=True, over="elements")

# Forward, loss, backward, update: 5000 times, each on all 130 rows at once.
trained = train(
    network,
    objective,
    x_train,
    y_train,
    optimizer=GradientDescent(learning_rate=0.1),
    batch_size=None,
    n_epochs=5000,
    metrics={"accuracy": Accuracy(threshold=0.5)},
    dtype="float64",
)

# Entry 4999 is the state that the last update started from, which is what the tutorials record.
print(f"Mean squared error: {trained.history['loss'][4999]:.15f}")
print(f"Training accuracy: {trained.history['accuracy'][4999]:.4f}")
outputs = predict(network, objective, trained.params, x_test)
print(f"Accuracy: {(outputs.argmax(axis=1) == y_test.argmax(axis=1)).mean()}")
