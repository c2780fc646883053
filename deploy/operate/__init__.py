"""What operators do with a running installation: accounts on Kafka, a rebuild, a restore."""
