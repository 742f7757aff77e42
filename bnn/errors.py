"""The exceptions that a user sees: a sentence that names the value, what is allowed and the way out."""


class UserError(ValueError):
    """A mistake in the input. The command line prints its text and exits with status 2."""


class ToolError(RuntimeError):
    """A tool that was called failed. The command line prints the text and exits with status 1."""
