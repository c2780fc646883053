-- name: newest_report(obligation_id)^
-- A statement of its own after the lock: in the locking one it would be as old as the wait for the lock began.
SELECT version, origin, submitted_at
  FROM report
 WHERE obligation_id = :obligation_id
 ORDER BY version DESC
 LIMIT 1;

-- name: find_report(publisher, submission_id)^
SELECT publisher, submission_id, body_hash, obligation_id, version
  FROM report
 WHERE publisher = :publisher AND submission_id = :submission_id;

-- name: list_submitted(submission_ids)
SELECT submission_id
  FROM report
 WHERE submission_id = ANY(:submission_ids::uuid[]);

-- name: add_report(publisher, submission_id, body_hash, obligation_id, version, form_version, answers, signatures, submitted_at, origin, nothing_to_report, reason)!
INSERT INTO report (publisher, submission_id, body_hash, obligation_id, version, form_version, answers, signatures,
                    submitted_at, origin, nothing_to_report, reason)
VALUES (:publisher, :submission_id, :body_hash, :obligation_id, :version, :form_version, :answers::jsonb, :signatures,
        :submitted_at, :origin, :nothing_to_report, :reason);
