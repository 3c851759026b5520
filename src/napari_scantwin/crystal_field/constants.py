"""Constants and unit factors of this room (CODATA 2018)."""

from __future__ import annotations

__all__ = [
    "CHI_EMU_PER_MOL",
    "C_JOULE_PER_MOL",
    "KELVIN_PER_MEV",
    "KELVIN_PER_WAVENUMBER",
    "MOMENT_EMU_PER_MOL",
    "MU_B",
]

_BOHR, _BOLTZMANN, _AVOGADRO, _CHARGE = 9.2740100783e-24, 1.380649e-23, 6.02214076e23, 1.602176634e-19

#: µ_B/k_B in K/T.
MU_B = _BOHR / _BOLTZMANN
#: 1 meV and 1 cm⁻¹ in K.
KELVIN_PER_MEV = 1e-3 * _CHARGE / _BOLTZMANN
KELVIN_PER_WAVENUMBER = 1.438776877
#: k_B per ion in J/(mol K).
C_JOULE_PER_MOL = _BOLTZMANN * _AVOGADRO
#: µ_B per ion in emu/mol, and µ_B/T per ion in emu/mol (that is emu/(mol Oe)).
MOMENT_EMU_PER_MOL = 1e3 * _BOHR * _AVOGADRO
CHI_EMU_PER_MOL = 1e-4 * MOMENT_EMU_PER_MOL
