"""A client for municipal systems, to use or to copy: it reads figures from a CSV file and publishes
them over Kafka.

The folder stands alone: it needs Python 3.11 and the package aiokafka, and of Saman only what its
contracts promise. The figure ids follow from the content, so that a file may be posted again.

    KAFKA_PASSWORD=... python -m client figures.csv --publisher 310000086 \\
        --bootstrap kafka.example:9092 --authority kafka-ca.crt
"""
