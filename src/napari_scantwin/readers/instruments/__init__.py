"""Files as instruments and beamlines write them."""
