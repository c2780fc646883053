"""Who has an account with Kafka, what each may do there, and the broker's side of it: listeners,
certificates, ACLs.

Identity on Kafka is the account that a connection authenticated as; a record carries none. So a
publisher's identity is the topic that only its account may write to.
"""
