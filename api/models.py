"""What a dialect has to remember by itself: answers already given to an idempotency key."""

from django.db import models


class IdempotencyKey(models.Model):
    """The answer to a call, kept so that the same call again gets the same answer.

    Written in the transaction of what the call did: there is one exactly when the other is.
    """

    scope = models.CharField(primary_key=True, max_length=64)
    fingerprint = models.CharField(max_length=64)
    response = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "idempotency key"

    def __str__(self) -> str:
        return self.scope[:12]
