"""What comes into a service: `subscribe` with its one policy, inbox, positions, dead letters.

Every hop is one PostgreSQL transaction of dedupe + effect + outbox. Kafka is a replayable wire.
"""
