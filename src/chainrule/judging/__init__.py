"""How good a fitted model is: scores, baselines, and what the doctor is shown of it."""
