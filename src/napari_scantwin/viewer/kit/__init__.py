"""Parts that any tab may use: combos, plots, tables, jobs."""
