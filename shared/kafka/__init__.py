"""What must be done to the Kafka client, and nothing else: broker, topics, wire, partitions."""
