"""All advisory locks, so that no number has two meanings.

PostgreSQL keeps advisory locks per database. A lock with a second number is taken for one thing,
such as one shard; locks with one and with two numbers never meet. The numbers stay as they are,
because replicas of two versions must agree.
"""

from enum import IntEnum


class Lock(IntEnum):
    """The first or only number of each lock."""

    OUTBOX_SHARD = 7301
    """With the shard: its relay reads and removes the shard's rows. Held by the session."""

    AUDIT_SEAL = 7302
    """The end of the chain of seals. Held by the transaction."""

    ROUNDS_OF_PROGRAMME = 7303
    """With the programme: a new round and a new project of it wait for each other."""

    SUBSCRIPTION = 7401
    """With the subscription: two PUTs of one id wait for each other, be it new or not."""

    GROUPS = 7501
    """The members of all groups and the goals: shared by readers, exclusive for those who change
    them.
    """
