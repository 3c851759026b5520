"""ARPES: files as analysers and beamlines write them."""
