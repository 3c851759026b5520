"""What a twin is judged by: held-out sweeps, their score, the weights they choose, the uncertainty they teach."""
