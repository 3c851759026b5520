"""The tab Cuts: lines over a map and the values along them."""
