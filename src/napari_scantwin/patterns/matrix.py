"""A scan as a table of observations and channels, with the noise of its values, and back to scans.

An *observation* is what was measured at one place (a pixel, a temperature), a *channel* one of the values measured
there (an energy). The noise is told from the values themselves: what neighbouring places differ by is noise as long as
the map is smooth. Its variance is taken for::

    variance = gain * mean + offset

where ``gain`` is what one count adds to a value; both are fitted to the differences between neighbours, sorted by their
mean into eleven groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import is_quantity
from napari_scantwin.core.errors import ScanError

__all__ = ["ObservationTable", "measured_noise", "observation_table", "proposed_places"]

#: Groups of equal mean in which the differences between neighbours are gathered, and differences beyond so many
#: standard deviations of their group that are edges of the map.
_GROUPS, _EDGE = 11, 4.0
#: Differences that are looked at at most, and the least number that tells a noise.
_MOST_DIFFERENCES, _FEWEST_DIFFERENCES = 2_000_000, 200
#: Half the places without a value at a channel leave the channel out, rather than the places.
_HALF = 0.5
#: Values of a part: 64 MB in single precision.
_PART = 16_000_000
#: Values that are channels where they are an axis, beside energies, angles and momenta: wavelengths and frequencies.
_SPECTRAL = ("Hz", "1/cm")
_PLACES = ("x", "y", "z")


def proposed_places(scan: xr.DataArray) -> tuple[str, ...]:
    """The axes of a scan that are likely places, the others being channels.

    Axes of energy, angle, momentum, frequency or wave number are channels, and so is a wavelength; a photon energy, a
    length, a temperature, a field are places. Where all or none are channels the fast axis is the one of channels.

    Parameters
    ----------
    scan
        A gridded scan.

    Returns
    -------
    tuple of str
        The axes' names, slow first; never all of them, and at least one.

    Raises
    ------
    ScanError
        Where the scan is not gridded or has one axis only.
    """
    names = _grid_axes(scan)
    places = tuple(name for name in names if not _is_spectral(scan, name))
    return places if places and len(places) < len(names) else names[:-1]


def _grid_axes(scan: xr.DataArray) -> tuple[str, ...]:
    names = scans.axes(scans.check(scan))
    if not scans.is_gridded(scan):
        raise ScanError(
            f"patterns need a gridded scan, and every sweep of this one has its own values of {names[-1]}; simulate it "
            "on a grid first"
        )
    if len(names) < 2:
        raise ScanError("patterns need places and channels: a scan of two axes or more, and this one has one axis")
    return names


def _is_spectral(scan: xr.DataArray, name: str) -> bool:
    unit = scan[name].attrs["units"]
    if name == "photon_energy" or name in _PLACES:
        return False
    if any(is_quantity(unit, one) for one in ("energy", "angle", "momentum")):
        return True
    return "wavelength" in name or any(units.compatible(unit, one) for one in _SPECTRAL)


@dataclass(frozen=True)
class ObservationTable:
    """A scan as observations and channels.

    Parameters
    ----------
    scan
        The scan, its places first.
    over
        The axes of the places.
    channels
        The axes of the channels.
    used
        Which places are used [places' shape].
    kept
        Which channels are used [channels' shape].
    gain
        What one count adds to a value, in the value's unit; 0 where the noise is the same everywhere.
    offset
        The variance that is there without counts, in the value's unit squared.
    measured
        Whether gain and offset are measured rather than given.
    notes
        What was left out and why, in sentences.
    lowest
        The least value at places that may be used.
    """

    scan: xr.DataArray
    over: tuple[str, ...]
    channels: tuple[str, ...]
    used: np.ndarray
    kept: np.ndarray
    gain: float
    offset: float
    measured: bool
    notes: tuple[str, ...] = field(default=())
    lowest: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """How many places and channels are used."""
        return int(self.used.sum()), int(self.kept.sum())

    def rows(self, numbers: np.ndarray | None = None) -> np.ndarray:
        """Values of places [n, p], in the order of ``used``, channels that are not kept left out.

        Parameters
        ----------
        numbers
            Which of the used places, by their number among these; all by default.
        """
        flat = np.flatnonzero(self.used.ravel())
        wanted = flat if numbers is None else flat[numbers]
        data = self.scan.variable.data.reshape(self.used.size, -1)
        if hasattr(data, "dask") and len(wanted):
            values = _read(data, wanted, self.step)
        else:
            values = np.asarray(data[wanted])
        kept = self.kept.ravel()
        return np.ascontiguousarray(values if kept.all() else values[:, kept], np.float32 if _single(values) else float)

    @property
    def step(self) -> int:
        """Places of a part that is worked on at once, whole chunks of an array that is read in parts."""
        return _step(self.scan, len(self.over))

    def as_maps(self, values: np.ndarray, *, name: str, unit: str, long_name: str, about: dict | None = None):
        """Numbers of the used places [k, n] as a scan over ``component`` and the places; NaN at the others."""
        filled = np.full((len(values), self.used.size), np.nan)
        filled[:, self.used.ravel()] = values
        return self._with_components(filled, self.over, self.used.shape, name, unit, long_name, about)

    def as_spectra(self, values: np.ndarray, *, name: str, unit: str, long_name: str, about: dict | None = None):
        """Numbers of the kept channels [k, p] as a scan over ``component`` and the channels; NaN at the others."""
        filled = np.full((len(values), self.kept.size), np.nan)
        filled[:, self.kept.ravel()] = values
        return self._with_components(filled, self.channels, self.kept.shape, name, unit, long_name, about)

    def _with_components(self, filled, axes, shape, name, unit, long_name, about):
        named = {"component": (np.arange(1, len(filled) + 1), "dimensionless")}
        named |= {axis: (self.scan[axis].values, self.scan[axis].attrs["units"]) for axis in axes}
        labels = {axis: self.scan[axis].attrs.get("long_name", axis.replace("_", " ")) for axis in axes}
        return scans.gridded_scan(
            named,
            filled.reshape(len(filled), *shape),
            name=name,
            unit=unit,
            long_names={**labels, name: long_name},
            attrs={**_origin(self.scan), **(about or {})},
        )

    def as_scan(self, values: np.ndarray, *, name: str | None = None, unit: str | None = None, long_name: str = ""):
        """Values of the used places and kept channels [n, p] as a scan like the one they are from; NaN elsewhere."""
        filled = np.full((self.used.size, self.kept.size), np.nan, np.float32 if _single(values) else float)
        filled[np.ix_(self.used.ravel(), self.kept.ravel())] = values
        attrs = {**self.scan.attrs}
        attrs |= {"long_name": long_name} if long_name else {}
        attrs |= {"units": unit} if unit is not None else {}
        drop = [one for one in ("masked", "standard_error") if one in self.scan.coords]
        return xr.DataArray(
            filled.reshape(self.scan.shape),
            dims=self.scan.dims,
            coords=self.scan.drop_vars(drop).coords,
            name=name or self.scan.name,
            attrs=attrs,
        )

    def weights(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What places and channels are divided by so that the noise is about one everywhere.

        The variance of counts is the product of a place's and a channel's mean over that of all, as far as the spectra
        are alike; that keeps a sum of k spectra a sum of k spectra, which dividing each value by its own error would
        not. M. R. Keenan and P. G. Kotula, *Surf. Interface Anal.* **36**, 203 (2004).

        Parameters
        ----------
        rows
            Values [n, p].

        Returns
        -------
        of_places, of_channels : numpy.ndarray
            Standard deviations [n] and [p] whose product is the noise.
        """
        return noise_factors(rows.mean(axis=1, dtype=float), rows.mean(axis=0, dtype=float), self.gain, self.offset)


def noise_factors(of_places, of_channels, gain: float, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """:meth:`ObservationTable.weights` from the means over the channels [n] and over the places [p]."""
    mean = max(float(np.mean(of_channels)), 0.0)
    whole = gain * mean + offset
    # A place or a channel without counts still has the noise of a hundredth of the mean: it must not outweigh the rest.
    low = max(0.01 * whole, np.finfo(float).tiny)
    places = np.sqrt(np.maximum(gain * np.maximum(of_places, 0) + offset, low))
    channels = np.sqrt(np.maximum(gain * np.maximum(of_channels, 0) + offset, low))
    return places, channels / np.sqrt(max(whole, low))


def _single(values) -> bool:
    """Whether single precision holds the values: it holds whole numbers of two bytes."""
    return values.dtype == np.float32 or (values.dtype.kind in "iu" and values.dtype.itemsize <= 2)


def _step(scan: xr.DataArray, places: int) -> int:
    width = max(int(np.prod(scan.shape[places:])), 1)
    step = max(1, _PART // width)
    chunks = getattr(scan.variable.data, "chunks", None)
    if not chunks:
        return step
    whole = int(chunks[0][0]) * int(np.prod(scan.shape[1:places], dtype=int))
    return max(step // whole, 1) * whole


def _read(data, wanted: np.ndarray, step: int) -> np.ndarray:
    """Rows of an array that is read in parts, part by part: picked one by one, each would be read by itself."""
    found = []
    for start in range(0, data.shape[0], step):
        low, high = np.searchsorted(wanted, (start, start + step))
        if high > low:
            mine = wanted[low:high]
            part = np.asarray(data[mine[0] : mine[-1] + 1])
            found.append(part if len(part) == len(mine) else part[mine - mine[0]])
    return np.concatenate(found)


def _origin(scan: xr.DataArray) -> dict:
    return {key: scan.attrs[key] for key in ("source", "sha256") if key in scan.attrs}


def observation_table(
    scan: xr.DataArray,
    over: Sequence[str] | None = None,
    *,
    gain: float | None = None,
    mask: np.ndarray | None = None,
) -> ObservationTable:
    """Sort a scan into observations and channels and measure its noise.

    Places with a value that is not finite, or masked, are left out, and so are channels without finite values at half
    the places, channels that are the same everywhere, and places that are zero throughout; the notes count them.

    Parameters
    ----------
    scan
        A gridded scan of two axes or more.
    over
        The axes of the places; by default :func:`proposed_places`.
    gain
        What one count adds to a value; 0 for a noise that is the same everywhere. By default it is measured.
    mask
        Places to leave out, bool in the shape of the places.

    Returns
    -------
    ObservationTable
        The table.

    Raises
    ------
    ScanError
        Where the axes do not fit, nothing is left, or the noise cannot be told and no gain is given.
    """
    names = _grid_axes(scan)
    over = proposed_places(scan) if over is None else tuple(over)
    unknown = [name for name in over if name not in names]
    if unknown or not over or len(set(over)) != len(over) or len(over) == len(names):
        raise ScanError(
            f"places are some of the axes {', '.join(names)}, and one at least stays for the channels; not "
            f"{', '.join(over) or 'none'}"
        )
    if gain is not None and not (np.isfinite(gain) and gain >= 0):
        raise ScanError(f"the gain is a number of {scan.attrs['units'] or 'the values'} a count, 0 or more; not {gain}")
    channels = tuple(name for name in names if name not in over)
    scan = scan.transpose(*over, *channels)
    lead = scan.shape[: len(over)]
    notes: list[str] = []
    used, kept = np.ones(lead, bool), np.ones(scan.shape[len(over) :], bool)
    if mask is not None:
        if np.shape(mask) != lead:
            raise ScanError(f"the mask has the shape {np.shape(mask)} and the places {lead}")
        used &= ~np.asarray(mask, bool)
    used, kept, lowest = _sound(scan, used, kept, over, notes)
    table = ObservationTable(scan, over, channels, used, kept, gain or 0.0, 0.0, False, tuple(notes), lowest)
    measured_gain, offset = measured_noise(table)
    if gain is None:
        if not measured_gain > 0:
            raise ScanError(
                f"noise cannot be told from structure along {', '.join(over)}; give the gain (what one count adds to a "
                "value), or 0 where the noise is the same everywhere"
            )
        return replace(table, gain=measured_gain, offset=offset, measured=True)
    return replace(table, offset=offset if gain == 0 else 0.0)


def _sound(scan, used, kept, over, notes) -> tuple[np.ndarray, np.ndarray, float]:
    """Which places and channels can be used, and the least value; what cannot be used is told in ``notes``."""
    count, places = used.size, used.ravel()
    bad_at = np.zeros(count, np.int64)
    bad_in = np.zeros(kept.size, np.int64)
    lowest = np.full(kept.size, np.inf)
    highest = np.full(kept.size, -np.inf)
    filled = np.zeros(count, np.int64)
    masked = scan["masked"].variable.data if "masked" in scan.coords else None
    for part in _blocks(count, _step(scan, len(over))):
        values, finite = _finite(scan, masked, part, count)
        bad_at[part] = (~finite).sum(axis=1)
        mine = finite & places[part][:, None]
        bad_in += (places[part][:, None] & ~finite).sum(axis=0)
        lowest = np.minimum(lowest, np.where(mine, values, np.inf).min(axis=0))
        highest = np.maximum(highest, np.where(mine, values, -np.inf).max(axis=0))
        filled[part] = (finite & (values != 0)).sum(axis=1)
    lost = (bad_in > _HALF * max(places.sum(), 1)) | ~np.isfinite(lowest)
    constant = ~lost & (lowest == highest)
    channels = kept.ravel() & ~lost & ~constant
    whole, empty = np.ones(count, bool), np.zeros(count, bool)
    for part in _blocks(count, _step(scan, len(over))):
        if not bad_at[part].any() and filled[part].min() > (~channels).sum():
            continue  # nothing to look at again
        values, finite = _finite(scan, masked, part, count)
        whole[part] = finite[:, channels].all(axis=1)
        empty[part] = ~(values[:, channels] != 0).any(axis=1)
    holes, empty = places & ~whole, places & whole & empty
    places = places & whole & ~empty
    names = scans.listed_axes(name for name in scan.dims if name not in over)
    for number, words in (
        (int(holes.sum()), "{} with masked values or values that are not numbers left out"),
        (int(empty.sum()), "{} without any intensity left out"),
    ):
        if number:
            notes.append(words.format(f"{number} place{'s' if number > 1 else ''}"))
    for which, why in ((lost, "without values at most places"), (constant, "that are the same everywhere")):
        if which.any():
            notes.append(f"{int(which.sum())} channels {why} left out ({names} {_where(scan, over, which)})")
    if places.sum() < 3 or channels.sum() < 2:
        raise ScanError(
            f"{int(places.sum())} places and {int(channels.sum())} channels are left to look at; patterns need three "
            "places and two channels that are not masked, empty or constant"
        )
    if places.sum() < channels.sum() / 2:
        notes.append(
            f"{int(places.sum())} places are few for {int(channels.sum())} channels, so that weak components are not "
            "seen; sum neighbouring channels first"
        )
    smallest = float(lowest[channels].min())
    return places.reshape(used.shape), channels.reshape(kept.shape), smallest


def _where(scan, over, which) -> str:
    axes = [name for name in scan.dims if name not in over]
    cells = np.unravel_index(np.flatnonzero(which)[:3], scan.shape[len(over) :])
    told = [
        "/".join(f"{float(scan[axis].values[cell[k]]):.5g}" for k, axis in enumerate(axes))
        for cell in zip(*cells, strict=True)
    ]
    return ", ".join(told) + (", …" if which.sum() > 3 else "")


def _finite(scan, masked, part: slice, count: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(scan.variable.data.reshape(count, -1)[part])
    finite = np.isfinite(values)
    if masked is not None:
        finite &= ~np.asarray(masked.reshape(count, -1)[part], bool)
    return values, finite


def _blocks(count: int, step: int):
    """Places in parts."""
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def measured_noise(table: ObservationTable) -> tuple[float, float]:
    """Gain and offset of the noise from what neighbouring places differ by.

    Second differences are taken along the places' longest axis (first ones where it has two values only), so that a
    map that rises evenly counts for nothing. They are sorted by their mean into eleven groups; in each, those beyond
    four standard deviations are edges of the map and left out.

    Parameters
    ----------
    table
        The table; its own gain and offset are not looked at.

    Returns
    -------
    gain, offset : float
        Of ``variance = gain * mean + offset``. The gain is not above zero, or NaN, where there are too few differences
        or the noise does not grow with the mean.
    """
    mean, difference = _differences(table)
    if len(mean) < _FEWEST_DIFFERENCES:
        return float("nan"), _spread(difference) if len(difference) else 0.0
    order = np.argsort(mean, kind="stable")
    groups = [part for part in np.array_split(order, _GROUPS) if len(part)]
    means = np.array([mean[part].mean() for part in groups])
    variances = np.array([_spread(difference[part]) for part in groups])
    # The error of a variance is a share of itself.
    trust = 1 / np.maximum(variances, variances[variances > 0].min() if (variances > 0).any() else 1.0)
    slope, offset = np.polyfit(means, variances, 1, w=trust)
    if offset < 0:  # counts alone
        slope, offset = float(np.sum(trust**2 * means * variances) / np.sum((trust * means) ** 2)), 0.0
    if not slope > 0:
        return float(slope), float(np.median(variances))
    return float(slope), float(offset)


def _differences(table: ObservationTable) -> tuple[np.ndarray, np.ndarray]:
    """Means of neighbours and their second differences over sqrt(6) (first over sqrt(2)), thinned out evenly."""
    shape, dims = table.scan.shape[: len(table.over)], len(table.over)
    axis = int(np.argmax(shape))
    kept = table.kept.ravel()
    order = 2 if shape[axis] > 2 else 1
    lines = table.scan.variable.data
    per_line = shape[axis] * int(kept.sum())
    others = [range(one) for k, one in enumerate(shape) if k != axis]
    count = int(np.prod([len(one) for one in others], dtype=np.int64))
    wanted = max(1, min(count, _MOST_DIFFERENCES // max(per_line, 1)))
    means, differences = [], []
    for number in np.unique(np.linspace(0, count - 1, wanted).astype(int)):
        cell = list(np.unravel_index(number, [len(one) for one in others])) if others else []
        place = (*cell[:axis], slice(None), *cell[axis:])
        values = np.asarray(lines[place], float).reshape(shape[axis], -1)[:, kept]
        good = table.used[place]
        if order == 2:
            middle = good[:-2] & good[1:-1] & good[2:]
            difference = (values[:-2] - 2 * values[1:-1] + values[2:]) / np.sqrt(6)
            mean = (values[:-2] + values[1:-1] + values[2:]) / 3
        else:
            middle = good[:-1] & good[1:]
            difference, mean = (values[1:] - values[:-1]) / np.sqrt(2), (values[1:] + values[:-1]) / 2
        means.append(mean[middle].ravel())
        differences.append(difference[middle].ravel())
    assert dims
    return np.concatenate(means), np.concatenate(differences)


def _spread(difference: np.ndarray) -> float:
    """The variance of differences without the edges among them."""
    size = np.abs(difference)
    middle = 1.4826 * np.median(size)
    if middle == 0:  # counts of mostly zero
        return float(np.mean(difference**2))
    inside = difference[size <= _EDGE * middle]
    return float(max(np.mean(inside**2), 0.0))
