"""How events come into a service: `subscribe` with its one policy, inbox, checkpoints, dead
letters, replays.

Each batch is one PostgreSQL transaction of deduplication, effect and outbox. Kafka is a wire that
can be replayed.
"""
