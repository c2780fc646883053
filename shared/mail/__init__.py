"""Mail: a letter becomes a message of text and HTML, and is handed to the mail server."""
