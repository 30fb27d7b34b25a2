"""The shell: the same path as in Python, from a table to predictions and back.

Results go to stdout, talk to stderr.  Exit code 0 means done, 1 that training broke down or the
program failed, 2 that the call or the data must be corrected.
"""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED, GONE = 130, 141  # as shells say that SIGINT and SIGPIPE ended a program


def main() -> None:
    """Run the `chainrule` command; errors are one sentence, never a traceback."""
    # every file is closed: looking through all objects once more at exit would take half a second
    atexit.register(gc.freeze)
    with _ends_as_ctrl_c():
        code = _run()
    sys.exit(code)


@contextmanager
def _ends_as_ctrl_c() -> Iterator[None]:
    """Let TERM and HUP, unless they are ignored, do what Ctrl-C does: keep what was trained."""
    named = (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP"))
    ours = [each for each in named if each and signal.getsignal(each) is signal.SIG_DFL]
    for each in ours:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each in ours:
            signal.signal(each, signal.SIG_DFL)


def _run() -> int:
    # errors in here, too, are one sentence
    from chainrule.cli.app import app
    from chainrule.cli.talk import SHELL, in_any_encoding, show, silence
    from chainrule.errors import ChainruleError, DivergedError

    in_any_encoding()
    try:
        code = app(standalone_mode=False) or 0
        sys.stdout.flush()
    except ChainruleError as error:
        show(f"chainrule: {error.text.at(SHELL)}", sys.stderr)
        return 1 if isinstance(error, DivergedError) else 2
    except BrokenPipeError:  # whoever read has gone, as `head` does
        silence(sys.stdout)
        return GONE
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "show"):  # a call that cannot be parsed
            error.show()  # pyright: ignore[reportAttributeAccessIssue]
            return error.exit_code  # pyright: ignore[reportAttributeAccessIssue]
        if os.environ.get("CHAINRULE_DEBUG"):
            raise
        if isinstance(error, OSError) and error.filename is not None:
            said = f"chainrule: {error.filename}: {error.strerror}. Choose another file or folder."
            show(said, sys.stderr)
            return 2
        if isinstance(error, OSError) and error.strerror:
            silence(sys.stdout)
            said = f"chainrule: the output cannot be written ({error.strerror}). Send it elsewhere."
            show(said, sys.stderr)
            return 1
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
            said = "chainrule: there is not enough memory. Take a part of the rows: --sample 100000"
            show(said, sys.stderr)
            return 1
        show(
            f"chainrule: this should not have happened: {type(error).__name__}: {error}. "
            "Set CHAINRULE_DEBUG=1 to see where, and please report it.",
            sys.stderr,
        )
        return 1
    if code == INTERRUPTED:
        print("chainrule: stopped by hand.", file=sys.stderr)
    return code
