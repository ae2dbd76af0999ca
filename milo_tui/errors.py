"""The base of every error whose text is meant for the user."""


class MiloError(Exception):
    """Something that the user can understand or put right; `str(error)` is one sentence, or one a line.

    The text may quote a server, a file or a model, so it is sanitised where it is shown.
    """
