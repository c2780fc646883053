"""The proof of delivery: whole systems under load that are struck at named points and at random,
and a checker that judges from what outsiders logged and from the four databases whether anything
was lost, doubled or put out of order.

    async with running(folder, extra=world.SETTINGS) as system, receiving() as receiver:
        there = await world.prepare(system, receiver)
        load = Load(system, there, seed=1)
        async with load.going():
            ...                                     # strike: system.kill("metrics"), faults.point
            by environment
        evidence = await gather(system, there, load, receiver)
        assert check(evidence) == []
"""
