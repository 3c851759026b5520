"""A recipe in a file of its own: plain JSON, to be kept, written by hand, or taken out of a session."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.recipes.recipe import Recipe
from napari_scantwin.recipes.session_file import SUFFIX, recipe_of_session

__all__ = ["load_recipe", "save_recipe"]

_MOST_TEXT = 50_000_000
_ASKED = {"paths": (), "axes": None, "value": None, "error": None, "choice": None, "along": None}


def save_recipe(recipe: Recipe, path: str | Path) -> Path:
    """Write a recipe as JSON.

    Parameters
    ----------
    recipe
        What was done.
    path
        Where; the suffix ``.json`` is added where there is none.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotWritten
        Where the disk fails; what stood under the name before still does.
    """
    path = Path(path)
    path = path if path.suffix else path.with_suffix(".json")
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(recipe.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    path
        A session (``.scansession``), or JSON with what :meth:`Recipe.to_dict` gives; what is left out of that is not
        done, so that ``{"settings": {}, "analyses": [{"name": "transitions"}]}`` trains as usual and looks for
        transitions, and a file of processing steps (``{"steps": [...]}``) is a recipe too.

    Returns
    -------
    Recipe
        What is to be done.

    Raises
    ------
    ScanError
        Where the file is missing or holds no recipe.
    """
    path = Path(path)
    if path.suffix.lower() == SUFFIX:
        return recipe_of_session(path)
    try:
        if path.stat().st_size > _MOST_TEXT:
            raise ValueError("it is too large")
        told = json.loads(path.read_text(encoding="utf-8"))
        return Recipe.from_dict(_whole(told))
    except FileNotFoundError:
        raise ScanError(f"{path.name}: there is no such file in {path.absolute().parent}") from None
    except OSError as reason:
        raise ScanError(f"{path.name} could not be read: {reason.strerror}") from reason
    except ScanError as reason:
        raise ScanError(f"{path.name}: {reason}") from reason
    except (TypeError, ValueError, RecursionError) as reason:
        raise ScanError(f"{path.name} holds no recipe ({reason}); give a session, or JSON as its page says") from None


def _whole(told: Any) -> dict[str, Any]:
    """A recipe's plain values with what was left out of them."""
    usual = Recipe(None).to_dict()
    if not isinstance(told, Mapping):
        raise ValueError("it is no object of JSON")
    if unknown := set(told) - set(usual):
        raise ValueError(f"{', '.join(sorted(unknown))} is no part of one; it has {', '.join(usual)}")
    whole = {**usual, **told}
    if whole["opening"] is not None:
        whole["opening"] = {**_ASKED, **whole["opening"]}
    whole["analyses"] = [{"given": {}, **one} for one in whole["analyses"]]
    return whole
