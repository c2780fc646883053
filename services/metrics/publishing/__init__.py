"""What is published of each series: its state at every period, and milestones of its goals.

`commands.working_out` finds the states, `commands.publish` keeps and tells those that changed,
`api` lists them.
"""
