"""The tab that applies processing steps to the chosen scan."""
