"""The kinds of file a figure is written as; known without loading what draws them."""

__all__ = ["FORMATS"]

#: Suffixes, and what they are called in a dialog.
FORMATS = {".pdf": "PDF, vectors", ".svg": "SVG, vectors", ".png": "PNG, pixels"}
