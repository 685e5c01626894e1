"""Where things are: in a project folder, in the wheel, or in the user's data folder."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def project(start: Path | None = None) -> Path | None:
    """Return the project folder around `start` (default: here), or None outside of any.

    A project is the nearest folder upwards with a `rag.toml`; failing that, `start` itself when
    it has an `index/`.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if is_marked(folder):
            return folder
    return here if (here / "index").is_dir() else None


def is_marked(folder: Path) -> bool:
    """Tell whether a folder says itself that it is a project."""
    return (folder / "rag.toml").is_file()


def home() -> Path:
    """Return the folder that holds `index/` and conversations: the project, or the user's own."""
    return project() or user_data()


def user_data() -> Path:
    """Return the user's own folder, whatever project we stand in: `XDG_DATA_HOME` is respected."""
    # Imported late: inside a project most commands do not need it.
    import platformdirs

    return Path(platformdirs.user_data_dir("rag", appauthor=False))


def index(name: str) -> Path:
    """Return the folder of the index `name`, which may also be a path of its own."""
    if "/" in name or "\\" in name or name in (".", "..", "~"):
        return Path(name).expanduser()
    return home() / "index" / name


def builtin_model() -> Path:
    """Return the folder of the embedder that comes with the package."""
    return PACKAGE / "data" / "builtin"


def shipped(name: str) -> Path:
    """Return a folder that the wheel carries under `rag/data` and a checkout at its top level."""
    packed = PACKAGE / "data" / name
    return packed if packed.is_dir() else PACKAGE.parent / name
