"""`config.toml`: the options of a fit in a file, to be read, changed and run again.

Strings of JSON are strings of TOML, which is all that writing needs; Python reads TOML itself.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainrule.cli.options import BY_NAME, OPTIONS
from chainrule.errors import MissingFileError, OptionError
from chainrule.runs.folder import CONFIG
from chainrule.wording import did_you_mean
from chainrule.writing import written_whole

HEADER = """\
# The options of a fit. `chainrule fit --config THIS_FILE` trains the same network again;
# options on the command line win over these. Paths are seen from where the command is run.
"""


def write_config(path: Path, values: Mapping[str, Any]) -> None:
    """Write every option with its help above it; those that are not set stand as comments."""
    lines = [HEADER]
    for option in OPTIONS:
        if option.recorded:
            value = values[option.name]
            setting = f"# {option.name} =" if value is None else f"{option.name} = {_toml(value)}"
            lines.append(f"# {option.help}\n{setting}\n")
    with written_whole(path) as unfinished:
        unfinished.write_bytes("\n".join(lines).encode("utf-8", errors="backslashreplace"))


def read_config(path: Path) -> dict[str, Any]:
    """Return the options that a file (or the `config.toml` of a run folder) holds, by name.

    Raises
    ------
    MissingFileError
        If there is no such file.
    OptionError
        If it is not TOML, or holds an option that does not exist or a value it cannot have.
    """
    path = path / CONFIG if path.is_dir() else path
    if not path.is_file():
        raise MissingFileError(
            f"there is no file {path} for --config. Give the {CONFIG} of a run folder."
        )
    found = _parse(path)
    values = {}
    for name, value in found.items():
        option = BY_NAME.get(name)
        if option is None or name == "config":
            hint = did_you_mean(name, BY_NAME) or "."
            raise OptionError(
                f'{path} holds "{name}", which is no option of fit{hint} '
                "`chainrule fit --help-all` lists them."
            )
        values[name] = option.read(value, where=str(path))
    return values


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OptionError(f"{path} is not text in UTF-8. Save it again as UTF-8.") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.split("\n")
        end = f"at line {len(lines)}, column {len(lines[-1]) + 1}"
        wrong = str(error).replace("at end of document", end)
        raise OptionError(
            f'{path} is not TOML: {wrong}. Write options as name = value, text in "quotes".'
        ) from None


def _toml(value: Any) -> str:
    if isinstance(value, tuple) and len(value) == 1:
        return _toml(value[0])
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(each) for each in value)}]"
    if isinstance(value, float):
        return repr(value)  # TOML knows inf and nan, too
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
