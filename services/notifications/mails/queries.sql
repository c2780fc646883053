-- name: add_mails(mail_ids, kind, person_ids, days, next_try_ats, made_at)!
INSERT INTO mail (mail_id, kind, person_id, day, next_try_at, made_at)
SELECT t.mail_id, :kind, t.person_id, t.day, t.next_try_at, :made_at
  FROM unnest(:mail_ids::uuid[], :person_ids::uuid[], :days::date[], :next_try_ats::timestamptz[])
       AS t (mail_id, person_id, day, next_try_at)
 ORDER BY t.mail_id
ON CONFLICT ON CONSTRAINT mail_pk DO NOTHING;

-- name: list_ended_days(kind, person_ids, since)
-- The days on which somebody has got a mail of this kind already, or it was given up.
SELECT person_id, day
  FROM mail
 WHERE kind = :kind AND person_id = ANY(:person_ids::uuid[]) AND day >= :since AND state <> 'waiting';

-- name: lease_mails(now, until, by, count)
WITH taken AS MATERIALIZED (
    SELECT mail_id
      FROM mail
     WHERE state = 'waiting' AND next_try_at <= :now AND leased_until <= :now
     ORDER BY next_try_at
     LIMIT :count
       FOR NO KEY UPDATE SKIP LOCKED)
UPDATE mail AS m
   SET leased_until = :until, leased_by = :by
  FROM taken
  JOIN mail AS w ON w.mail_id = taken.mail_id
  JOIN person AS p ON p.person_id = w.person_id
 WHERE m.mail_id = taken.mail_id
RETURNING m.mail_id, m.kind, m.person_id, m.day, m.attempts, p.email, p.language;

-- name: release_mails(by)!
-- A sender's name is unique among the running ones, so what it had taken in an earlier run is free.
UPDATE mail
   SET leased_until = '-infinity', leased_by = NULL
 WHERE leased_by = :by AND state = 'waiting';

-- name: put_mail(mail_id, attempts_before, state, attempts, next_try_at, last_error, ended_at)!
-- The WHERE lets only the first of two senders count, should one have slept through the end of its lease.
UPDATE mail
   SET state = :state, attempts = :attempts, next_try_at = :next_try_at, last_error = :last_error, ended_at = :ended_at,
       leased_until = '-infinity', leased_by = NULL
 WHERE mail_id = :mail_id AND state = 'waiting' AND attempts = :attempts_before;
