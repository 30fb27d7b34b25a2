"""Where chainrule keeps things between runs: in the user's folder for caches."""

import os
import sys
from pathlib import Path


def user_cache_folder() -> Path:
    """Return chainrule's folder in the user's cache folder; it need not exist yet."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "chainrule"
