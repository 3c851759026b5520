"""A person who presses everything: nothing is raised and the program lives. A failing walk is walked again by
``python tests/viewer/random_walk.py SEED STEPS``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_WALK = Path(__file__).with_name("random_walk.py")


def walked(seed: int, steps: int, seconds: int) -> None:
    done = subprocess.run(
        [sys.executable, _WALK, str(seed), str(steps)], capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.stdout.rstrip().endswith("SURVIVED"), f"seed {seed}:\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"


def test_a_minute_of_random_clicking_raises_nothing():
    walked(seed=7, steps=60, seconds=400)


@pytest.mark.bench
@pytest.mark.parametrize("seed", range(10))
def test_twenty_minutes_of_random_clicking_raise_nothing(seed):
    walked(seed=seed, steps=240, seconds=1200)
