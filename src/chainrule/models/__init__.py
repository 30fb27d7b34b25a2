"""The estimators with the manners of scikit-learn, and nothing else."""
