"""Mails to persons who hold roles: at most one of each kind on a day.

Owns: the mails that wait and those that were sent. A mail is an envelope; its words are written at
the moment of sending by the subject that it belongs to. Others call `store.add_mails`, and give
`postman.Postman` a writer for their kind.
"""
