-- What the buttons under an answer need after a restart: the search that the answer came from.
CREATE TABLE searches (
    id          TEXT    PRIMARY KEY NOT NULL,
    -- Who searched; a Discord id, whose 64 bits are kept as they are.
    user_id     BIGINT  NOT NULL,
    -- The words that were searched for, or the entry that others should be like.
    query       TEXT,
    like_entry  TEXT,
    -- JSON of the filter.
    filter      TEXT    NOT NULL,
    -- JSON list of the entries that were found, best first.
    results     TEXT    NOT NULL,
    page_size   BIGINT  NOT NULL,
    -- Seconds since 1970.
    created_at  BIGINT  NOT NULL,
    CHECK ((query IS NULL) <> (like_entry IS NULL))
);

CREATE INDEX searches_by_user ON searches (user_id);
CREATE INDEX searches_by_age ON searches (created_at);
