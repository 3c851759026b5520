"""Puts what stands at the top level, the manifest, the sample data and the pages of help, where an installed package
needs it.

Everything else about the build is said in ``pyproject.toml``. Links in the repository would do the same, but a clone on
Windows has none.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TOP = Path(__file__).resolve().parent
MANIFEST = "napari.yaml"
SAMPLES = "sample_data"
PAGES = "docs"
PACKAGE = "napari_scantwin"


def link_or_copy(source: Path, target: Path) -> None:
    """A link, so that an edit of ``source`` is seen at once; a copy where the system allows no links."""
    target.unlink(missing_ok=True)
    try:
        target.symlink_to(Path("..", "..", source.name))
    except OSError:
        shutil.copy2(source, target)


class BuildWithTopLevelFiles(build_py):
    """Copies the manifest, the sample data and the pages that the window shows into the built package.

    An editable install runs from ``src``. napari looks for the manifest beside the package's modules, so it is put
    there (git ignores it); sample data and pages are found at the top level.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            link_or_copy(TOP / MANIFEST, TOP / "src" / PACKAGE / MANIFEST)
            return
        package = Path(self.build_lib) / PACKAGE
        package.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / MANIFEST, package / MANIFEST)
        shutil.rmtree(package / SAMPLES, ignore_errors=True)
        shutil.copytree(TOP / SAMPLES, package / SAMPLES, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        shutil.rmtree(package / PAGES, ignore_errors=True)
        for page in (*TOP.glob(f"{PAGES}/*.md"), *TOP.glob(f"{PAGES}/physics/*.md")):
            target = package / page.relative_to(TOP)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(page, target)


setup(cmdclass={"build_py": BuildWithTopLevelFiles})
