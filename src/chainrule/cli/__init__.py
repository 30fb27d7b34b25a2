"""The shell: the same path as in Python, from a table to predictions and back.

Results go to stdout, talk to stderr.  Exit code 0 means done, 1 that training broke down or the
program failed, 2 that the call or the data must be corrected.
"""

import os
import sys


def main() -> None:
    """Run the `chainrule` command; errors are one sentence, never a traceback."""
    from chainrule.cli.app import app
    from chainrule.errors import ChainruleError

    try:
        app()
    except ChainruleError as error:
        print(f"chainrule: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("chainrule: stopped by hand; nothing was written.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("CHAINRULE_DEBUG"):
            raise
        print(
            f"chainrule: this should not have happened: {type(error).__name__}: {error}. "
            "Set CHAINRULE_DEBUG=1 to see where, and please report it.",
            file=sys.stderr,
        )
        sys.exit(1)
