"""Crystal fields found again from curves of known ones; what cannot be told apart is listed; work can be stopped."""

import threading
import time

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.crystal_field import IonCurve, Priors, conventions, find, fit, ions, observables, sites, table
from napari_scantwin.crystal_field.measured.advice import Advice, advice_on
from napari_scantwin.crystal_field.model import LeastSquares

T = np.linspace(1, 300, 64)
EXACT = Priors(0, 0, 0, 0, 0, 0, 0)


def curves_of(of, place, values, rng=None, noise=0.01, kinds=("c", "chi", "m"), axes="ac", scale=1.0):
    """Noise-free curves with small errors, or with noise of a share of the value and 0.3 of that of the maximum."""
    states, found = observables.states_of(of, place, values), []

    def add(kind, direction, x, y, **others):
        y = y * (1.0 if kind == "heat_capacity" else scale)
        share = 1e-4 if rng is None else noise
        error = share * np.abs(y) + 0.3 * share * np.abs(y).max()
        y = y if rng is None else y + error * rng.normal(size=y.shape)
        found.append(IonCurve(kind, direction, x, y, error, **others))

    if "c" in kinds:
        add("heat_capacity", "powder", T, observables.heat_capacity(states.energies, T)[0])
    for axis in axes:
        if "chi" in kinds:
            add("susceptibility", axis, T, observables.susceptibility(states, axis, T)[0])
        if "m" in kinds:
            fields, temperatures = np.linspace(1.25, 10, 8), [1.0, 17.32]
            moment = observables.magnetization(of, place, values, axis, fields, temperatures)[0]
            for i, temperature in enumerate(temperatures):
                add("magnetization", axis, fields, moment[:, i], temperature=temperature)
    return found


@pytest.mark.parametrize("x", [(0.3, 0.7), (-0.8, 0.2), (0.4, -0.6)])
def test_cubic_field_is_found_with_either_sign(x):
    of, place = ions.ion("Pr3+"), sites.site("Oh")
    values = conventions.from_walter(of, place, 12.0, x)
    answer = find(curves_of(of, place, values, axes="a"), of, place, priors=EXACT)
    np.testing.assert_allclose(answer.solutions[0].values, values, rtol=1e-6)
    assert answer.solutions[0].probability > 0.99
    assert answer.warnings == ()


def test_what_curves_cannot_tell_is_said_before_anything_is_fitted():
    of, place, told = ions.ion("Pr3+"), sites.site("Oh"), []
    values = conventions.from_walter(of, place, 12.0, (0.3, 0.7))
    curves = curves_of(of, place, values, kinds=("chi",), axes="a")
    answer = find(curves, of, place, priors=EXACT, on_advice=told.append, on_progress=lambda share: told.append("fit"))
    assert told[0].startswith("one susceptibility alone leaves two to six")
    assert tuple(told[: told.index("fit")]) == answer.before == advice_on(curves, of, place).sentences
    # What is known already, of files with all their readings, is said instead.
    assert find(curves, of, place, priors=EXACT, advice=Advice(("mind the mass",))).before == ("mind the mass",)


def test_tetragonal_field_is_found_with_the_sign_of_B44():
    of, place = ions.ion("Er3+"), sites.site("C4v")
    small = table.direction_table(of, place, count=3000, seed=5)
    values = conventions.from_walter(of, place, 21.0, [0.3, -0.25, -0.2, 0.15, 0.1])
    answer = find(curves_of(of, place, values), of, place, priors=EXACT, table=small)
    np.testing.assert_allclose(answer.solutions[0].values, values, rtol=1e-5)
    assert answer.solutions[0].equivalent == ()
    # Without a field in the plane nothing sees the sign: one solution, folded, and said.
    blind = find(curves_of(of, place, values, kinds=("c", "chi")), of, place, priors=EXACT, table=small)
    np.testing.assert_allclose(np.abs(blind.solutions[0].values), np.abs(values), rtol=1e-5)
    assert len(blind.solutions) == 1
    assert "45°" in blind.solutions[0].equivalent[0]
    assert any("45°" in one for one in blind.hints)


@pytest.mark.parametrize("seed", [0, 1])
def test_both_sides_of_a_turn_that_is_hardly_seen_are_listed(seed):
    of, place = ions.ion("Pr3+"), sites.site("D3h").for_J(4)
    sized = np.array([-3.6035, 12.2453, -6.6421, -7.6592])
    values = sized / conventions.walter_sizes(of, place)
    curves = curves_of(of, place, values, np.random.default_rng(seed))
    (turn,) = (one.matrix for one in place.equivalences)
    model = LeastSquares(of, place, curves, EXACT)
    residuals, _ = model.evaluate(np.array([values, turn @ values]) * model.sizes)
    seen = abs(float(np.diff((residuals**2).sum(axis=1))[0]))
    assert 1e-2 < seen < 4  # a field in the plane sees it, but not beyond the noise
    found = [one.values * model.sizes for one in find(curves, of, place, priors=EXACT).solutions]
    for truth in (values, turn @ values):
        assert min(fit.distance(truth * model.sizes, np.array(found))) < 0.05


def test_with_noise_errors_cover_and_the_scale_is_found():
    of, place = ions.ion("Pr3+"), sites.site("Oh")
    inside = total = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-0.9, 0.9)
        values = conventions.from_walter(of, place, rng.uniform(3, 40), [x, rng.choice([-1, 1]) * (1 - abs(x))])
        curves = curves_of(of, place, values, rng, axes="a", scale=1.08)
        priors = Priors(0.05, 0.15, 0, 0, 0, 0, 0)
        best = find(curves, of, place, priors=priors).solutions[0]
        pulls = (best.values - values) / np.array(list(best.errors.values()))
        inside, total = inside + np.sum(np.abs(pulls) < 2), total + pulls.size
        scale = next(one for one in best.nuisances if one.name.startswith("scale of moment"))
        assert scale.value == pytest.approx(1.08, abs=max(5 * scale.error, 0.002))
    assert inside / total > 0.8


def test_a_susceptibility_alone_may_leave_several_and_the_truth_is_among_them():
    of, place = ions.ion("Pr3+"), sites.site("Oh")
    several = 0
    for seed in range(8):
        rng = np.random.default_rng(100 + seed)
        x = rng.uniform(-0.9, 0.9)
        values = conventions.from_walter(of, place, rng.uniform(3, 30), [x, rng.choice([-1, 1]) * (1 - abs(x))])
        answer = find(curves_of(of, place, values, rng, kinds=("chi",), axes="a"), of, place, priors=EXACT)
        several += len(answer.solutions) > 1
        model = LeastSquares(of, place, curves_of(of, place, values, rng, kinds=("chi",), axes="a"), EXACT)
        best = min(one.chi2 for one in answer.solutions)
        assert best < 2 * model.points
        assert sum(one.probability for one in answer.solutions) == pytest.approx(1.0)
    assert several >= 2


def test_magnetization_alone_is_fitted_too():
    of, place = ions.ion("Ce3+"), sites.site("Oh").for_J(2.5)
    values = conventions.from_walter(of, place, 6.0, [1.0])
    answer = find(curves_of(of, place, values, kinds=("m",), axes="a"), of, place, priors=EXACT)
    np.testing.assert_allclose(answer.solutions[0].values, values, rtol=1e-5)


def test_known_levels_decide():
    of, place = ions.ion("Pr3+"), sites.site("Oh")
    values = conventions.from_walter(of, place, 10.0, [0.5, 0.5])
    energies = observables.states_of(of, place, values)
    levels, _ = observables.level_groups(energies.energies[0], False)
    known = IonCurve("levels", "powder", [1.0, 2.0, 3.0], levels[1:], np.full(3, 0.2))
    rng = np.random.default_rng(3)
    chi = curves_of(of, place, values, rng, kinds=("chi",), axes="a")
    answer = find([*chi, known], of, place, priors=EXACT)
    np.testing.assert_allclose(answer.solutions[0].levels, levels, atol=0.7)
    assert len(answer.solutions) == 1


def test_a_solution_tells_everything():
    of, place = ions.ion("Er3+"), sites.site("Oh")
    values = conventions.from_walter(of, place, 15.0, [0.6, -0.4])
    best = find(curves_of(of, place, values, axes="a"), of, place).solutions[0]
    assert list(best.parameters) == ["B40", "B60"]
    assert best.degeneracies.sum() == 16
    assert best.levels[0] == 0
    np.testing.assert_allclose(best.states.T @ best.states, np.eye(16), atol=1e-10)
    assert best.correlations[0, 0] == pytest.approx(1.0)
    assert len(best.curves) == 4
    assert {one.name for one in best.nuisances} >= {"scale of heat capacity", "molecular field λ"}
    assert all(abs(one.pull) < 0.5 for one in best.nuisances)


def test_a_stopped_search_ends_at_once_and_leaves_no_table(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_SCANTWIN_CACHE", str(tmp_path))
    of, place = ions.ion("Er3+"), sites.site("D3d")
    curves = curves_of(of, place, np.array([0.2, -1e-3, 0.01, 1e-5, 1e-4, 1e-4]))
    stop, ended = threading.Event(), []

    def work():
        with pytest.raises(Cancelled):
            find(curves, of, place, stop=stop)
        ended.append(time.perf_counter())

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.3)
    stop.set()
    asked = time.perf_counter()
    thread.join(20)
    assert ended
    assert ended[0] - asked < 5.0  # half a second on a machine of one's own
    assert not list(tmp_path.rglob("*.npz"))


def test_a_table_is_kept_and_a_damaged_one_made_again(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_SCANTWIN_CACHE", str(tmp_path))
    of, place = ions.ion("Ce3+"), sites.site("D6h").for_J(2.5)
    shares = []
    first = table.direction_table(of, place, count=600, seed=9, on_progress=shares.append)
    assert shares[-1] == 1.0
    (path,) = (tmp_path / "crystal_field").glob("*.npz")
    table._in_memory.clear()
    again = table.direction_table(of, place, count=600, seed=9)
    for name, curve in first.curves.items():
        np.testing.assert_array_equal(curve, again.curves[name])
    path.write_bytes(path.read_bytes()[:1000])
    table._in_memory.clear()
    mended = table.direction_table(of, place, count=600, seed=9)
    np.testing.assert_array_equal(mended.energies, first.energies)


def test_the_scan_finds_direction_and_scale():
    """A crystal field that is in the table comes first, at its scale, whatever the mass is."""
    of, place = ions.ion("Tb3+"), sites.site("D6h")
    made = table.direction_table(of, place, count=1500, seed=2)
    chosen = 4.0 * made.sized[77]
    values = chosen / conventions.walter_sizes(of, place)
    curves = curves_of(of, place, values, kinds=("c", "chi"), scale=1.12)
    model = LeastSquares(of, place, curves, Priors())
    sized, chi2 = fit.scan(model, made)
    turns = [one.matrix for one in place.equivalences]
    assert fit.distance(chosen, sized[:1], turns)[0] < 0.06
    assert chi2[0] < chi2[5]


def test_directions_are_even_and_of_unit_norm():
    for parameters in (1, 2, 5):
        made = table.directions(parameters, 400, 3)
        np.testing.assert_allclose(np.abs(made).sum(axis=1), 1.0)
        assert np.abs(made.mean(axis=0)).max() < 0.06


def test_no_reading_in_range_is_said():
    curve = IonCurve("heat_capacity", "powder", T, T, T, x_range=(400.0, 500.0))
    with pytest.raises(ScanError, match="no curve has a reading"):
        find([curve], "Er3+", "Oh")
