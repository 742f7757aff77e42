"""The one exception a user sees: a sentence that names the value, what is allowed and the way out."""


class UserError(ValueError):
    """A mistake in the input. The command line prints its text and exits with status 2."""
