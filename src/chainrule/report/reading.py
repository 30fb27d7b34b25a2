"""How to read each picture, in a sentence; the docstring of what draws it says the same."""

READING = {
    "network": (
        "Signals go from the inputs on the left to the outputs on the right; a wide blue line "
        "says that the unit on its right grows with the one on its left, a wide orange dashed one "
        "that it falls, and thin pale lines hardly matter."
    ),
    "learning_curves": (
        "Both lines should go the good way and end level; where the dashed line of the validation "
        "rows turns back while the training line goes on, the network learns its rows by heart, "
        "and the dotted upright line marks the epoch whose weights were kept."
    ),
    "flow": (
        "Lines of one panel should stay within a factor of ten or so of each other; norms that "
        "shrink towards the first (blue) layer are vanishing deltas, norms that grow without end "
        "are exploding ones, and an update of about a thousandth of the weights is a healthy "
        "step."
    ),
    "histograms": (
        "Weights and gradients should be heaps around zero of similar width in all layers; "
        "activations piled up at the ends of their range are saturated, a single bar at zero "
        "means dead units, and gradients of a far smaller spread in the first layers are "
        "vanishing."
    ),
    "confusion_matrix": (
        "Every row of the picture is a true class; what stands on the diagonal is right, what "
        "stands beside it says which class it was taken for, and the stronger the blue, the "
        "larger the share of the true class."
    ),
    "roc": (
        "The further a curve bends to the upper left, the better the class is told from the "
        "others; the area under it is 1 for a perfect model, 0.5 (the dashed line) for guessing."
    ),
    "precision_recall": (
        "From left to right more and more rows of the class are found, and the height says how "
        "many of those that are called so are right; a model that guesses has the height of the "
        "class's share of all rows."
    ),
    "calibration": (
        "Points on the dashed line keep their word; points below it are too sure of themselves, "
        "points above it too modest; the bars at the bottom and the numbers at the top say how "
        "many rows each point stands for."
    ),
    "predicted_against_true": (
        "A point is a row; the nearer it lies to the dashed line, the better, and a cloud flatter "
        "than the line means that high values are predicted too low and low values too high."
    ),
    "errors": (
        "A narrow heap around the upright line at zero is good; a heap beside zero is a bias, and "
        "long tails are rows on which the model is far off."
    ),
    "decision_surface": (
        "Each tint is where a class wins, stronger where the model is surer, or, for numbers, the "
        "stronger the higher (of the points: the higher the true number); the lines are borders "
        "between classes, or lines of equal prediction, and since all other columns are held at "
        "their median or commonest value, a point on the wrong side may lie right with its own "
        "values."
    ),
    "hidden_responses": (
        "Each panel is one unit, blue where it answers above zero and orange where below, "
        "stronger where it answers more; the lines are the contours, and the network's decision "
        "is a weighted sum of these pictures."
    ),
    "permutation_importance": (
        "A bar says how much the score falls when that column alone is shuffled, its thin line "
        "the spread over the shuffles; a bar near zero is a column the model can do without, or "
        "one that another column can stand in for."
    ),
    "settling": (
        "On the logarithmic axis a straight line down is settling at a steady rate, the steeper "
        "the faster (its slope is the logarithm of the spectral radius); a level or wavy line is "
        "a row that does not settle, and an energy should only ever fall."
    ),
    "settling_report": (
        "Solid lines are the state on its way forward, dashed ones the error on its way back; on "
        "the logarithmic axis a straight line down settles at a steady rate, and a level or wavy "
        "one does not settle."
    ),
}
