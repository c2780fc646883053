"""The one error of the one-machine stack."""


class StackError(Exception):
    """Something foreseeable keeps the stack from running; the message is one sentence that says
    what to do.

    The command line prints the message and exits with 1. It is no `AppError`: nothing here is
    retried by a service.
    """
