"""All that concerns the Kafka client and nothing else: how to reach the broker, topics, batches,
and the changes to aiokafka that we depend on.
"""
