import pytest


@pytest.fixture(scope="session", autouse=True)
def own_tables(tmp_path_factory):
    """Tables of these tests lie in a folder of their own, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_SCANTWIN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
