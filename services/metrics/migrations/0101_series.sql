-- migrate:up

-- A series is a subject by a definition. Its row is locked by whoever changes anything of it, so that the outbox numbers
-- its events in the order of commits.
--   months       length of its periods, the grain; null while it has no figures
--   first_month  last month of its first period; last_month likewise of its last one
--   adds_days    it is a municipality's and has day counts or rates weighted by agreed days: it goes into groups
--   is_whole     its states may rest on figures of any age, so that it is worked out from all of them
CREATE TABLE series (
    series_id       integer  GENERATED ALWAYS AS IDENTITY,
    subject         text     NOT NULL,
    definition_key  text     NOT NULL,
    municipality_id text,
    months          smallint,
    first_month     integer,
    last_month      integer,
    adds_days       boolean  NOT NULL DEFAULT false,
    is_whole        boolean  NOT NULL DEFAULT false,
    CONSTRAINT series_pk PRIMARY KEY (series_id),
    CONSTRAINT series_subject UNIQUE (subject, definition_key),
    CONSTRAINT series_months CHECK (months IN (1, 3, 6, 12))
) WITH (fillfactor = 70);
CREATE INDEX series_municipality ON series (municipality_id, definition_key) WHERE municipality_id IS NOT NULL;

-- Every vintage of every figure, by the place that it fills. Amounts in millionths.
--   posted_window  0 the period itself, 1 year to date, 2 rolling 12
--   weighing       0 day counts, 1 a rate weighted by agreed days, 2 by working days, 3 equal weights
--   amount_micro   lost microdays, or micropercent; weight_micro: agreed microdays, or the declared weight
-- No foreign key to series: rows are only written by the one who holds the series' row, and the check would cost a tenth
-- of the throughput.
CREATE TABLE figure (
    series_id     integer  NOT NULL,
    last_month    integer  NOT NULL,
    months        smallint NOT NULL,
    posted_window smallint NOT NULL,
    vintage       integer  NOT NULL,
    figure_id     uuid     NOT NULL,
    withdrawn     boolean  NOT NULL,
    weighing      smallint NOT NULL,
    amount_micro  bigint   NOT NULL,
    weight_micro  bigint,
    persons       integer,
    generated     boolean  NOT NULL,
    CONSTRAINT figure_pk PRIMARY KEY (series_id, last_month, months, posted_window, vintage),
    CONSTRAINT figure_months CHECK (months IN (1, 3, 6, 12)),
    CONSTRAINT figure_posted_window CHECK (posted_window BETWEEN 0 AND 2),
    CONSTRAINT figure_weighing CHECK (weighing BETWEEN 0 AND 3)
);
-- Small cells are few; whoever sums groups must know of them (fewer than 5 persons: services/metrics/domain/suppression.py).
CREATE INDEX figure_small ON figure (last_month) WHERE persons < 5;

-- A withdrawal may arrive before the figure that it takes back.
CREATE TABLE withdrawal (
    series_id integer NOT NULL,
    figure_id uuid    NOT NULL,
    CONSTRAINT withdrawal_pk PRIMARY KEY (series_id, figure_id)
);

-- What a group's members bring in together in one period of its grain; always summed anew from their figures.
CREATE TABLE group_part (
    series_id   integer  NOT NULL,
    last_month  integer  NOT NULL,
    numerator   numeric  NOT NULL,
    denominator numeric  NOT NULL,
    weighing    smallint NOT NULL,
    present     integer  NOT NULL,
    suppressed  boolean  NOT NULL,
    generated   boolean  NOT NULL,
    CONSTRAINT group_part_pk PRIMARY KEY (series_id, last_month)
) WITH (fillfactor = 80);

-- What is published of a series at a period. `content` is the event's, suppressed where it must be; `unrounded` the same
-- rates in trillionths of a per cent, value and reported of each, in the content's order.
CREATE TABLE state (
    series_id   integer     NOT NULL,
    last_month  integer     NOT NULL,
    months      smallint    NOT NULL,
    version     integer     NOT NULL,
    content     json        NOT NULL,
    unrounded   bigint[]    NOT NULL,
    computed_at timestamptz NOT NULL,
    CONSTRAINT state_pk PRIMARY KEY (series_id, last_month, months)
) WITH (fillfactor = 80);

-- migrate:down
