-- name: count_links(person_id, since)$
SELECT count(*) FROM sign_in_link WHERE person_id = :person_id AND asked_at > :since;

-- name: add_link(link_hash, code_hash, browser_hash, person_id, asked_at, expires_at)!
INSERT INTO sign_in_link (link_hash, code_hash, browser_hash, person_id, asked_at, expires_at)
VALUES (:link_hash, :code_hash, :browser_hash, :person_id, :asked_at, :expires_at);

-- name: hold_link(link_hash)^
-- Locked, so that of two who use it at the same moment one comes too late.
SELECT link_hash, code_hash, browser_hash, person_id, expires_at, used_at, tries
  FROM sign_in_link
 WHERE link_hash = :link_hash
   FOR UPDATE;

-- name: hold_last_link(browser_hash)^
SELECT link_hash, code_hash, browser_hash, person_id, expires_at, used_at, tries
  FROM sign_in_link
 WHERE browser_hash = :browser_hash
 ORDER BY asked_at DESC
 LIMIT 1
   FOR UPDATE;

-- name: use_link(link_hash, used_at)!
UPDATE sign_in_link SET used_at = :used_at WHERE link_hash = :link_hash;

-- name: count_try(link_hash)!
UPDATE sign_in_link SET tries = tries + 1 WHERE link_hash = :link_hash;

-- name: remove_links(before)!
DELETE FROM sign_in_link WHERE asked_at < :before;
