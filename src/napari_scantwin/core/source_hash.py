"""The SHA-256 of the file a scan came from, which for a large file is worked out only when it is written down.

To read two gigabytes takes seconds, and who looks at one plane of them need not wait. Such a scan carries a text in
place of the digest, with the size and time of its file, and whoever writes or trains asks :func:`resolved` for it.
"""

from __future__ import annotations

import datetime
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["digest_of", "of_file", "resolved", "with_resolved", "work_out"]

#: Bytes of a file, or of all files of a folder, that are read through at once: a tenth of a second.
_AT_ONCE = 64 << 20
_LATER = "not worked out yet: "
_BLOCK = 1 << 24


@dataclass
class _Source:
    """A file as it was when it was opened, and its digest where that is known."""

    path: Path
    mark: tuple[int, int]
    digest: str = ""


_sources: dict[str, _Source] = {}
_working = threading.Lock()


def of_file(path: Path, content: bytes | None = None) -> str:
    """The SHA-256 of a file, or what stands for it until it is asked for.

    Parameters
    ----------
    path
        The file, or a folder, of which all files count, by name.
    content
        Its bytes, where they have been read.

    Returns
    -------
    str
        The digest of up to 64 MB; of more a text that :func:`resolved` knows in this process.
    """
    if content is not None and len(content) <= _AT_ONCE:
        return hashlib.sha256(content).hexdigest()
    if not _is_large(path):
        return digest_of(path)
    mark = _mark(path)
    kept = hashlib.sha256(f"{path.resolve()} {mark}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    written = datetime.datetime.fromtimestamp(mark[1] / 1e9, datetime.UTC).isoformat(timespec="seconds")
    text = f"{_LATER}{mark[0]} bytes of {written}, {kept}"
    _sources.setdefault(text, _Source(path.resolve(), mark))
    return text


def resolved(text: str, wait: bool = True) -> str:
    """A digest in place of a text that stands for one; any other text as it is.

    Parameters
    ----------
    text
        What :func:`of_file` gave, as it stands in a scan's attribute ``sha256``; of several files, parted by
        semicolons.
    wait
        Whether the file may be read through for it, which takes seconds.

    Returns
    -------
    str
        The digest; where the file has changed or gone since it was opened, that, and what is known of it.
    """
    if _LATER not in text:
        return text
    if "; " in text:
        return "; ".join(resolved(part, wait) for part in text.split("; "))
    source = _sources.get(text)
    if source is None:
        return text
    if not source.digest and wait:
        with _working:  # two that ask at once read the file once
            if not source.digest:
                source.digest = _of_unchanged(source, text)
    return source.digest or text


def with_resolved(attrs: Mapping) -> dict:
    """Attributes with the digest in place of each text that stands for one."""
    return {key: resolved(value) if isinstance(value, str) else value for key, value in attrs.items()}


def work_out(attrs: Mapping) -> None:
    """Work out the digests that attributes stand for in a thread, so that nobody waits for them later."""
    if any(isinstance(value, str) and _LATER in resolved(value, wait=False) for value in attrs.values()):
        threading.Thread(target=with_resolved, args=(dict(attrs),), daemon=True, name="scantwin-sha256").start()


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes; of a folder those of all files in it, by name."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK):
                    digest.update(block)
    return digest.hexdigest()


def _of_unchanged(source: _Source, text: str) -> str:
    try:
        if _mark(source.path) == source.mark:
            digest = digest_of(source.path)
            if _mark(source.path) == source.mark:
                return digest
        why = "the file was changed after it was opened"
    except OSError:
        why = "the file was gone before it was asked for"
    return f"not known, {why}: {text.removeprefix(_LATER)}"


def _mark(path: Path) -> tuple[int, int]:
    """What distinguishes a file from its later states."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns


def _is_large(path: Path) -> bool:
    if not path.is_dir():
        return path.stat().st_size > _AT_ONCE
    size = 0
    for file in path.rglob("*"):
        size += file.stat().st_size
        if size > _AT_ONCE:
            return True
    return False
