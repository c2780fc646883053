-- name: lock(what)!
-- One writer at a time per kind of thing: the registry is written seldom and by one operator, its changes touch several
-- rows, and outbox numbers must follow the order of commits.
SELECT pg_advisory_xact_lock(hashtextextended(:what, 0));
