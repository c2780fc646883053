-- migrate:up

-- Where deliveries go: a webhook's host and port, or a mailbox. One receiver may have many subscriptions, so whether it
-- answers at all, and how long it is left alone when it does not, is kept here.
CREATE TABLE receiver (
    receiver     text        NOT NULL,
    answers      boolean     NOT NULL DEFAULT false,
    silences     integer     NOT NULL DEFAULT 0,
    paused_until timestamptz,
    CONSTRAINT receiver_pk PRIMARY KEY (receiver)
);

ALTER TABLE subscription ADD COLUMN receiver text;
UPDATE subscription
   SET receiver = CASE channel WHEN 'mail' THEN lower(address)
       ELSE lower((regexp_match(address, '^[a-z]+://([^/?]+)'))[1])
            || CASE WHEN address ~ '^[a-z]+://[^/?]+:[0-9]+([/?]|$)' THEN ''
                    WHEN address LIKE 'https:%' THEN ':443' ELSE ':80' END END;
ALTER TABLE subscription ALTER COLUMN receiver SET NOT NULL;
INSERT INTO receiver (receiver) SELECT DISTINCT receiver FROM subscription;
ALTER TABLE subscription
    ADD CONSTRAINT subscription_receiver FOREIGN KEY (receiver) REFERENCES receiver (receiver);

-- A renewed secret signs beside the one before it until `previous_until`.
ALTER TABLE subscription ADD COLUMN previous_salt bytea;
ALTER TABLE subscription ADD COLUMN previous_until timestamptz;
ALTER TABLE subscription ADD CONSTRAINT subscription_previous CHECK (
    (previous_salt IS NULL) = (previous_until IS NULL) AND (previous_salt IS NULL OR secret_salt IS NOT NULL));

-- migrate:down
