"""Run by ``magnetocaloric.py`` with the Python of magentropy's own environment: M(T, H) in, entropy change out.

``python magentropy_side.py FOLDER`` reads every ``*.in.npz`` there: ``kelvin``, ``oersted``, ``emu`` [n], ``mass``
(mg), ``low`` and ``high`` (K) and the ``count`` of output temperatures. Beside each it writes ``*.out.npz``: ``kelvin``
[count], ``tesla`` [m], ``change`` [m, count] in J/kg/K and ``smoothing`` [m], the lambda its cross-validation chose.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from magentropy import MagentroData


def processed(given) -> dict[str, np.ndarray]:
    """What magentropy makes of one map."""
    # Its map of the raw data needs a reading above the highest set point; set points are whole oersted.
    oersted = given["oersted"].copy()
    oersted[np.argmax(oersted)] += 0.01
    table = pd.DataFrame({"T": given["kelvin"], "H": oersted, "M": given["emu"]})
    data = MagentroData(table, comment_col=None, T="T", H="H", M="M", M_err=None, sample_mass=float(given["mass"]))
    span = [float(given["low"]), float(given["high"])]
    data.process_data(npoints=int(given["count"]), temp_range=span, decimals=0, weight_err=False)
    found = data.processed_df
    rows = [found[found["H"] == field] for field in np.unique(found["H"].to_numpy())]
    return {
        "kelvin": rows[0]["T"].to_numpy(),
        "tesla": np.array([row["H"].iloc[0] for row in rows]),
        "change": np.stack([row["Delta_SM"].to_numpy() for row in rows]),
        "smoothing": np.asarray(data.last_presets["lmbds"], float),
    }


def main() -> None:
    """Every map of the folder."""
    logging.getLogger("magentropy").setLevel(logging.ERROR)
    for path in sorted(Path(sys.argv[1]).glob("*.in.npz")):
        np.savez(str(path).replace(".in.npz", ".out.npz"), **processed(np.load(path)))


if __name__ == "__main__":
    main()
