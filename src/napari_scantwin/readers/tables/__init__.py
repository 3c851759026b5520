"""Tables: text, spreadsheets, Quantum Design files."""
