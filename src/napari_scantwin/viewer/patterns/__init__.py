"""The dock Patterns: components of the chosen stack, and boundaries along its axes."""
