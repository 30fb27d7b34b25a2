"""What is wrong with a training, in words: findings with evidence, cause and remedy."""
