"""Attributes of any kind as JSON holds them, and back: the one way in which every file of this program keeps them.

Text, numbers and lists are JSON as it is. What JSON does not know (arrays, complex numbers, dates, bytes) is an object
whose member ``"is"`` says what. What has no faithful form is left out, and :func:`storable` says so.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_scantwin.core.notes import with_left_out

__all__ = ["from_json", "is_plain", "left_out", "storable", "to_json"]

#: The member by which an object says that it is not a dictionary, and what it is.
_IS = "is"
#: Characters of one attribute as JSON, at most: a table or a picture is no attribute.
_LONGEST = 16 << 20
#: Bytes of an array of texts, in which every text takes the room of the longest.
_LARGEST_TEXTS = 64 << 20
#: Lists within lists, at most; Python's own JSON ends at some thousand.
_DEEPEST = 50
#: A whole number of more digits cannot be read again by Python.
_LARGEST_WHOLE = 10**4000
#: Kinds of NumPy arrays that are kept: booleans, numbers, texts, bytes, dates and durations.
_KINDS = "biufcUSMm"
_DATES: dict[str, Any] = {"datetime": datetime.datetime, "date": datetime.date, "time": datetime.time}


class _NoForm(Exception):
    """A value that cannot be stored; the message says what it is."""


def storable(attrs: Mapping) -> dict:
    """The attributes that can be stored in every format, as :func:`from_json` gives them back.

    Parameters
    ----------
    attrs
        Attributes with keys and values of any kind.

    Returns
    -------
    dict
        Those that have a form in a file; NumPy's numbers become Python's. A note
        (:mod:`napari_scantwin.core.notes`) names each one that was left out.
    """
    kept, dropped = _sorted_out(attrs)
    return with_left_out({key: _from(form) for key, form in kept.items()}, *dropped)


def left_out(attrs: Mapping) -> list[str]:
    """What of the attributes cannot be stored, each with the reason."""
    return _sorted_out(attrs)[1]


def to_json(attrs: Mapping) -> dict[str, Any]:
    """Attributes as text, numbers, lists and dictionaries of them; what has no such form is missing."""
    return _sorted_out(attrs)[0]


def from_json(forms: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes from what :func:`to_json` made of them.

    Raises
    ------
    ValueError, TypeError, KeyError
        Where it is nothing that :func:`to_json` makes.
    """
    return {str(key): _from(form) for key, form in forms.items()}


def is_plain(value) -> bool:
    """Whether a stored value is text or a finite number, which a file of any format holds as it is."""
    if isinstance(value, str):
        return bool(value) and "\0" not in value and _is_unicode(value)
    if isinstance(value, bool):
        return False
    return (isinstance(value, int) and abs(value) < 1 << 63) or (isinstance(value, float) and math.isfinite(value))


def _is_unicode(text: str) -> bool:
    """False where the text holds halves of characters, as a wrongly decoded file name does."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _sorted_out(attrs: Mapping) -> tuple[dict[str, Any], list[str]]:
    """The forms by key, and what is left out."""
    kept: dict[str, Any] = {}
    dropped = []
    for key, value in attrs.items():
        if not isinstance(key, str):
            dropped.append(f"the attribute {_shown(key)}, whose name is no text")
            continue
        try:
            form = _form(value, 0)
            if not isinstance(value, str | int | float) and len(json.dumps(form)) > _LONGEST:
                raise _NoForm(f"{type(value).__name__} of more than {_LONGEST >> 20} million characters")
        except _NoForm as reason:
            dropped.append(f"the attribute {_shown(key)}, which is a {reason} and has no form in a file")
        else:
            kept[str(key)] = form
    return kept, dropped


def _shown(key) -> str:
    """A key as a sentence shows it; the notes are parted by semicolons."""
    text = key if isinstance(key, str) else type(key).__name__
    text = "".join(one if one.isprintable() and one != ";" else "?" for one in text)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _form(value, depth: int):
    """The value as JSON holds it."""
    if depth > _DEEPEST:
        raise _NoForm(f"{type(value).__name__} nested more than {_DEEPEST} deep")
    if value is None or isinstance(value, bool | np.bool):
        return None if value is None else bool(value)
    if isinstance(value, str):
        if len(value) > _LONGEST:
            raise _NoForm(f"text of more than {_LONGEST >> 20} million characters")
        return str(value)
    if isinstance(value, int | np.integer) and not isinstance(value, np.timedelta64):
        if abs(int(value)) >= _LARGEST_WHOLE:
            raise _NoForm("number of more than 4000 digits")
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        if isinstance(value, np.longdouble) and number != value and value == value:
            raise _NoForm("number of more digits than double precision has")
        return number
    if isinstance(value, complex | np.complexfloating):
        return {_IS: "complex", "real": float(value.real), "imaginary": float(value.imag)}
    if isinstance(value, bytes | bytearray):
        return {_IS: "bytes", "base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, np.ndarray | np.datetime64 | np.timedelta64):
        return _form_of_array(value, depth)
    if (kind := _kind_of_date(value)) is not None:
        return {_IS: kind, "text": value.isoformat()}
    if isinstance(value, tuple):
        return {_IS: "tuple", "values": [_form(one, depth + 1) for one in value]}
    if isinstance(value, list):
        return [_form(one, depth + 1) for one in value]
    if isinstance(value, Mapping):
        return _form_of_mapping(value, depth)
    raise _NoForm(type(value).__name__)


def _kind_of_date(value) -> str | None:
    """The word for a date or time that its text gives back whole; pandas's finer ones are of other types."""
    kind = next((word for word, kind in _DATES.items() if type(value) is kind), None)
    if kind is None:
        return None
    try:
        return kind if _DATES[kind].fromisoformat(value.isoformat()) == value else None
    except (ValueError, TypeError):
        return None


def _form_of_mapping(value: Mapping, depth: int):
    pairs = [(key, _form(one, depth + 1)) for key, one in value.items()]
    if all(isinstance(key, str) for key, _ in pairs) and _IS not in value:
        return {str(key): form for key, form in pairs}
    return {_IS: "dictionary", "items": [[_form(key, depth + 1), form] for key, form in pairs]}


def _form_of_array(value, depth: int):
    if isinstance(value, np.ma.MaskedArray):
        raise _NoForm("masked array")
    array = np.asarray(value)
    form: dict[str, Any] = {_IS: "array" if isinstance(value, np.ndarray) else "numpy"}
    form |= {"dtype": _name_of(array.dtype), "shape": list(array.shape)}
    if array.dtype.kind == "O":
        return form | {"values": [_form(one, depth + 1) for one in array.ravel().tolist()]}
    if array.dtype.kind not in _KINDS:
        raise _NoForm("structured array" if array.dtype.names else f"array of {array.dtype}")
    if array.nbytes > (_LARGEST_TEXTS if array.dtype.kind in "US" else _LONGEST):
        raise _NoForm(f"array of {array.size} values")
    flat = array.ravel()
    if array.dtype.kind == "c":
        flat = flat.astype(np.complex128)
        if (flat != array.ravel())[array.ravel() == array.ravel()].any():
            raise _NoForm(f"array of {array.dtype}")
        return form | {"values": np.stack([flat.real, flat.imag], axis=1).tolist()}
    if array.dtype.kind == "f":
        wide = flat.astype(np.float64)
        if (wide != flat)[flat == flat].any():
            raise _NoForm(f"array of {array.dtype}")
        return form | {"values": wide.tolist()}
    if array.dtype.kind in "Mm":
        return form | {"values": flat.astype(np.int64).tolist()}
    if array.dtype.kind == "S":
        return form | {"values": [base64.b64encode(one).decode("ascii") for one in flat.tolist()]}
    return form | {"values": flat.tolist()}


def _name_of(dtype: np.dtype) -> str:
    """The dtype's name on any machine; extended precision is none."""
    wide = {"f": "f8", "c": "c16"}.get(dtype.kind)
    return wide if wide and dtype.itemsize > np.dtype(wide).itemsize else dtype.str.lstrip("<>=|")


def _from(form):
    """The value that a form was made of."""
    if isinstance(form, list):
        return [_from(one) for one in form]
    if not isinstance(form, dict):
        return form
    what = form.get(_IS)
    if what is None:
        return {key: _from(one) for key, one in form.items()}
    if what == "complex":
        return complex(form["real"], form["imaginary"])
    if what == "bytes":
        return base64.b64decode(form["base64"], validate=True)
    if what in _DATES:
        return _DATES[what].fromisoformat(form["text"])
    if what == "tuple":
        return tuple(_from(one) for one in form["values"])
    if what == "dictionary":
        return {_from(key): _from(one) for key, one in form["items"]}
    if what in ("array", "numpy"):
        array = _array_from(form)
        return array if what == "array" else array[()]
    raise ValueError(f"an attribute that is a {what!r} is not known")


def _array_from(form: Mapping) -> np.ndarray:
    dtype, shape, values = np.dtype(form["dtype"]), tuple(map(int, form["shape"])), form["values"]
    if min(shape, default=0) < 0 or math.prod(shape) != len(values):
        raise ValueError("an array of another size than it says")
    if dtype.kind == "O":
        flat = np.empty(len(values), object)
        flat[:] = [_from(one) for one in values]
        return flat.reshape(shape)
    if dtype.kind not in _KINDS or dtype.itemsize * len(values) > _LARGEST_TEXTS:
        raise ValueError(f"an array of {dtype} is not known")
    if dtype.kind == "c":
        pairs = np.asarray(values, float).reshape(-1, 2)
        # Not real + 1j * imaginary: that makes nan of an infinite part.
        return pairs.copy().view(np.complex128).astype(dtype).reshape(shape)
    if dtype.kind in "Mm":
        return np.asarray(values, np.int64).astype(dtype).reshape(shape)
    if dtype.kind == "S":
        return np.array([base64.b64decode(one, validate=True) for one in values], dtype).reshape(shape)
    return np.array(values, dtype).reshape(shape)
