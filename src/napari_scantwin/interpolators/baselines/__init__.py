"""The interpolators a physicist would use instead of a twin, behind one interface.

``BASELINES[name]().fit(scan, rows, settings).predict(points)`` gives values [n] at points [n, axes] (slow first).
All come from SciPy and scikit-learn. To keep the comparison fair each gets the scaling it needs:

* linear, cubic spline and monotone spline go sweep by sweep: every kept sweep is interpolated along its
  fast axis, then across the sweeps along the slow axis. Outside a sweep's fast range its end value is
  held, and outside the kept sweeps the outermost sweep is held: a cubic continued outwards would be
  worse than any of them deserves. With several slow axes only the linear one is defined (triangulation).
* the aligned interpolation interpolates along the slow axis too, but at constant accumulated change of each sweep's
  value instead of at constant fast-axis position; over the logarithm of a slow axis with very uneven steps,
  and with two axes only.
* Gaussian smoothing and PCA take whole slices (sweeps, of a map), which must share one grid: what an ARPES
  cube is, and most ragged scans are not.
* the others see every axis on a unit range, a slow axis with very uneven steps as its square root (as
  one does with fields of 100 to 50 000 Oe), and the values standardised. Their settings are chosen on
  held-out sweeps, or by likelihood. :func:`score_baselines` chooses them once, on the whole scan: that the
  choice has seen the sweeps it is scored on is in the baselines' favour. The costly ones are given evenly
  picked points.
"""

from napari_scantwin.interpolators.baselines.scoring import BASELINES, score_baselines

__all__ = ["BASELINES", "score_baselines"]
