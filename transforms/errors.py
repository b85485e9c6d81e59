"""The errors a person is told in one line, without a traceback."""


class UserError(ValueError):
    """Bad usage or bad input: says what is wrong and what to do (exit code 2)."""


class RunFailed(Exception):  # noqa: N818  (it is an outcome)
    """A run that began rightly and did not succeed: says how (exit code 1)."""
