"""What every way out has in common: how it says that a message was not taken."""


class TransportError(Exception):
    """The message was not taken. Permanent: trying again would not help.

    `status` is what the other side answered, when it answered at all.
    """

    def __init__(self, message: str, *, permanent: bool = False, status: int | None = None) -> None:
        super().__init__(message)
        self.permanent, self.status = permanent, status
