-- name: add_receiver(receiver)!
INSERT INTO receiver (receiver)
VALUES (:receiver)
ON CONFLICT ON CONSTRAINT receiver_pk DO NOTHING;

-- name: lock_receiver(receiver)^
SELECT answers, silences, paused_until
  FROM receiver
 WHERE receiver = :receiver
   FOR NO KEY UPDATE;

-- name: put_receiver(receiver, answers, silences, paused_until)!
UPDATE receiver
   SET answers = :answers, silences = :silences, paused_until = :paused_until
 WHERE receiver = :receiver;
