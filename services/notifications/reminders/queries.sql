-- name: put_round(round_id, version, reminders)!
INSERT INTO round AS r (round_id, version, reminders)
VALUES (:round_id, :version, :reminders::jsonb)
ON CONFLICT ON CONSTRAINT round_pk DO UPDATE
   SET version = excluded.version, reminders = excluded.reminders
 WHERE r.version < excluded.version;

-- name: list_ladders(round_ids)
SELECT round_id, reminders::text AS reminders
  FROM round
 WHERE round_id = ANY(:round_ids::text[]) AND reminders <> '[]';

-- name: put_obligation(obligation_id, project_id, round_id, report_kind, period, due_on, state, historical, missing, told_at)!
-- An older state that is read again says nothing new. Of one moment the later one in the log holds.
INSERT INTO obligation AS o (obligation_id, project_id, round_id, report_kind, period, due_on, state, historical, missing,
       told_at)
VALUES (:obligation_id, :project_id, :round_id, :report_kind, :period, :due_on, :state, :historical, :missing::jsonb,
       :told_at)
ON CONFLICT ON CONSTRAINT obligation_pk DO UPDATE
   SET project_id = excluded.project_id, round_id = excluded.round_id, report_kind = excluded.report_kind,
       period = excluded.period, due_on = excluded.due_on, state = excluded.state, historical = excluded.historical,
       missing = excluded.missing, told_at = excluded.told_at
 WHERE o.told_at <= excluded.told_at;

-- name: list_open()
SELECT obligation_id, project_id, round_id, report_kind, period, due_on, missing::text AS missing
  FROM obligation
 WHERE state IN ('due', 'overdue') AND NOT historical
 ORDER BY due_on, obligation_id;

-- name: list_reminders()
-- Of what is open only: what has come is reminded of by nothing any more.
SELECT r.obligation_id, r.step_id, r.person_id
  FROM reminder AS r
  JOIN obligation AS o ON o.obligation_id = r.obligation_id
 WHERE o.state IN ('due', 'overdue') AND NOT o.historical;

-- name: add_reminders(obligation_ids, step_ids, person_ids, mail_ids)!
INSERT INTO reminder (obligation_id, step_id, person_id, mail_id)
SELECT t.obligation_id, t.step_id, t.person_id, t.mail_id
  FROM unnest(:obligation_ids::uuid[], :step_ids::text[], :person_ids::uuid[], :mail_ids::uuid[])
       AS t (obligation_id, step_id, person_id, mail_id)
 ORDER BY t.obligation_id, t.step_id, t.person_id
ON CONFLICT ON CONSTRAINT reminder_pk DO NOTHING;

-- name: list_in_mail(mail_id)
-- Locked against a report that arrives in this moment: it is either still owed when the mail is written, or left out.
SELECT o.obligation_id, o.project_id, o.round_id, o.report_kind, o.period, o.due_on, o.missing::text AS missing
  FROM obligation AS o
 WHERE o.state IN ('due', 'overdue') AND NOT o.historical
   AND o.obligation_id IN (SELECT r.obligation_id FROM reminder AS r WHERE r.mail_id = :mail_id)
 ORDER BY o.due_on, o.obligation_id
   FOR SHARE;

-- name: list_sent(obligation_id)
SELECT r.step_id, r.person_id, m.day, m.state, m.attempts, m.last_error, m.ended_at
  FROM reminder AS r
  JOIN mail AS m ON m.mail_id = r.mail_id
 WHERE r.obligation_id = :obligation_id
 ORDER BY m.day, r.step_id, r.person_id;
