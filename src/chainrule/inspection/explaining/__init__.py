"""One row forward and back, told step by step as on a blackboard."""
