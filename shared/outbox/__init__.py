"""What leaves a service: `outbox.put` in a command's transaction, and the relay that sends it."""
