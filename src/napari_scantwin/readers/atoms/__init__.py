"""Atoms: the places of atoms as simulations, crystallography and atom-probe tomography write them."""
