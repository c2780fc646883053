"""The one-machine stack: PostgreSQL 18 and Apache Kafka 4.3.1 (KRaft) without containers, from
wheels and jars.

```python
from deploy.local.infrastructure import (
    erase,
    infrastructure,
    start_infrastructure,
    stop_infrastructure,
)
from deploy.local.progress import shown  # `with shown() as progress:` shows long steps

# Ends with the block, even if this process is killed.
async with infrastructure(folder, progress=progress) as running:
    running.bootstrap  # "127.0.0.1:18532", the same at each start
    running.admin_dsn  # the superuser of PostgreSQL
    database = await running.postgres.create_database("metrics")  # may be repeated
    database.owner_dsn  # for migrations: role metrics_owner
    database.service_dsn  # for everything else: role metrics

# Both servers stay when this process ends; a second call takes over what runs.
running = await start_infrastructure(folder, attached=False)
await stop_infrastructure(folder)  # from any process
await erase(folder)  # stops, and removes all data
```

What keeps the stack from running is a `deploy.local.errors.StackError`: one sentence for the user,
which the command line prints before it exits with 1.

A supervisor starts with `attached=True` and, for each of `running.servers`, repeats `await
server.ended()`, `await server.start()`. `attached=True` holds the folder: a second Saman on it gets
a StackError. Tests pass `keep=False` to `infrastructure` to have the data erased afterwards.
Running `python -m deploy.local.prepare` once (in `make setup`) fetches the jars and lets Kafka
start in one second instead of three. Call all of this from the thread that stays, the main thread:
the kernel ends attached programs when their thread ends.

In the folder: `postgres/` (for root perhaps a link to below `/var/lib/saman`, because PostgreSQL
does not run as root), `kafka/`, `logs/`, `ports.json`, `secrets.json` (0600), `run/` (pids),
`lock`.
"""
