"""What the command says can be written wherever its output goes: a code page without a letter gets a question mark."""

from __future__ import annotations

import io
import sys

import pytest

from napari_scantwin.cli import main

_TABLE = "temperature (K),magnetic_field (Oe),resistivity (µΩ cm)\n" + "".join(
    f"{temperature},{field},{0.5 + temperature}\n" for field in (10, 20) for temperature in (1, 2, 3)
)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "cp932", "utf-8"])
@pytest.mark.parametrize("command", [("info",), ("info", "--json"), ("info", "missing/"), ("--help",)])
def test_no_letter_stops_the_output(encoding, command, tmp_path, monkeypatch):
    file = tmp_path / "Ångström ☃ 試料.csv"
    file.write_text(_TABLE, encoding="utf-8")
    first, *options = command
    missing = "missing/" in options
    named = [str(file.with_stem("lost ☃") if missing else file)] if first != "--help" else []
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "argv", ["scantwin", first, *[one for one in options if one != "missing/"], *named])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == (3 if missing else 0)
    for stream in (out, err):
        stream.flush()
    written = (err if missing else out).buffer.getvalue()
    assert len(written.decode("utf-8" if encoding == "ascii" else encoding)) > 30  # click writes UTF-8 for ASCII
