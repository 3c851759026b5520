"""The dock Crystal structures: clouds of atoms in 3D, told by their neighbourhoods."""
