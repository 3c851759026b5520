"""How an operation describes itself to a form: parameters, units, defaults, progress."""
