"""How a notification leaves the house: as mail or as a signed webhook.

This subject says where something may be sent, how a try may end, and how an address has been
answering. Others call `mail.Composer`, `webhook.Caller` and `signing.Signer`.
"""
