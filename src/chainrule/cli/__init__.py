"""The shell: the same path as in Python, from a table to predictions and back.

Results go to stdout, talk to stderr.  Exit code 0 means done, 1 that training broke down or the
program failed, 2 that the call or the data must be corrected.
"""

import atexit
import gc
import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the `chainrule` command; errors are one sentence, never a traceback."""
    # every file is closed: looking through all objects once more at exit would take half a second
    atexit.register(gc.freeze)
    sys.exit(_run())


def _run() -> int:
    # errors in here, too, are one sentence
    from chainrule.cli.app import app
    from chainrule.cli.talk import SHELL
    from chainrule.errors import ChainruleError, DivergedError

    try:
        code = app(standalone_mode=False) or 0
    except ChainruleError as error:
        print(f"chainrule: {error.text.at(SHELL)}", file=sys.stderr)
        return 1 if isinstance(error, DivergedError) else 2
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "show"):  # a call that cannot be parsed
            error.show()  # pyright: ignore[reportAttributeAccessIssue]
            return error.exit_code  # pyright: ignore[reportAttributeAccessIssue]
        if os.environ.get("CHAINRULE_DEBUG"):
            raise
        print(
            f"chainrule: this should not have happened: {type(error).__name__}: {error}. "
            "Set CHAINRULE_DEBUG=1 to see where, and please report it.",
            file=sys.stderr,
        )
        return 1
    if code == INTERRUPTED:
        print("chainrule: stopped by hand; nothing was written.", file=sys.stderr)
    return code
