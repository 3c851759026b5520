"""The tab Cube: profiles, waterfalls, axis by axis."""
