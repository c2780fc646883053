-- migrate:up

-- Each try of a delivery and how it ended, for whoever runs the receiver. Gone with the delivery.
CREATE TABLE attempt (
    delivery_id uuid        NOT NULL,
    began_at    timestamptz NOT NULL,
    seconds     numeric     NOT NULL,
    result      text        NOT NULL,
    CONSTRAINT attempt_pk PRIMARY KEY (delivery_id, began_at),
    CONSTRAINT attempt_of FOREIGN KEY (delivery_id) REFERENCES delivery (delivery_id) ON DELETE CASCADE
);

-- How often it was sent once more on request after it had ended.
ALTER TABLE delivery ADD COLUMN repeats integer NOT NULL DEFAULT 0;

-- migrate:down
