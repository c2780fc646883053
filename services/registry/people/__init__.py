"""People who may sign in, and the roles that they hold.

Somebody who may invite names an address, a role and where it is held; whoever reads mail at that
address can then sign in. No more is kept of a person than name, address, language and roles, and
whoever wants to be forgotten is. Others may call `commands` to invite, change and erase, and
`store` to find a person.
"""
