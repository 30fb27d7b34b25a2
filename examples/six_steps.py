"""Backpropagation in six steps, from random weights to the wheat seeds, by the textbook's names."""

import random

from chainrule import datasets
from chainrule.sixsteps import (
    back_propagation,
    backward_propagate_error,
    dataset_minmax,
    evaluate_algorithm,
    forward_propagate,
    initialize_network,
    normalize_dataset,
    predict,
    str_column_to_int,
    train_network,
    update_weights,
)

# 1. Initialize network: two inputs, one hidden neuron, two outputs.  The bias is the last weight.
random.seed(1)
network = initialize_network(2, 1, 2)
print("hidden neuron:", network[0][0]["weights"])

# 2. Forward propagate a row: activate (weighted sum), transfer (sigmoid), layer by layer.
row, expected = [1, 0, None], [0, 1]
print("outputs:", forward_propagate(network, row))

# 3. Back-propagate the error: delta = (expected - output) times the slope of the sigmoid.
backward_propagate_error(network, expected)
print("deltas of the outputs:", [neuron["delta"] for neuron in network[1]])

# 4. Train: after each row, weight += rate * delta * input.
update_weights(network, row, l_rate=0.5)
points = [
    [2.7810836, 2.550537003, 0], [1.465489372, 2.362125076, 0], [3.396561688, 4.400293529, 0],
    [1.38807019, 1.850220317, 0], [3.06407232, 3.005305973, 0], [7.627531214, 2.759262235, 1],
    [5.332441248, 2.088626775, 1], [6.922596716, 1.77106367, 1], [8.675418651, -0.242068655, 1],
    [7.673756466, 3.508563011, 1],
]  # fmt: skip
random.seed(1)
network = initialize_network(2, 2, 2)
for epoch, error in enumerate(train_network(network, points, l_rate=0.5, n_epoch=20, n_outputs=2)):
    print(f">epoch={epoch}, lrate=0.500, error={error:.3f}")

# 5. Predict: the class of the largest output.
print(sum(predict(network, point) == point[-1] for point in points), "of 10 points are right")

# 6. The wheat seeds: scale every column, then five folds, rate 0.3, 500 epochs, 5 hidden neurons.
random.seed(1)
seeds = [list(row) for row in datasets.load("wheat-seeds").rows()]
str_column_to_int(seeds, column=-1)
normalize_dataset(seeds, dataset_minmax(seeds))
scores = evaluate_algorithm(seeds, back_propagation, 5, 0.3, 500, 5)
print("Scores:", [round(score, 3) for score in scores])
print(f"Mean accuracy: {sum(scores) / len(scores):.3f}%")
