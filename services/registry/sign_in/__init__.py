"""Coming in: a link by mail, or the operator's key; with it a session begins.

A link and a code go to the address that somebody gives, if we know it; the answer is the same if we
do not. Both are good for 15 minutes, once, and only in the browser that asked. Others call nothing
here.
"""
