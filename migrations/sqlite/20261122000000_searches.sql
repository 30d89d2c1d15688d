-- What the buttons under an answer need after a restart: the search that the answer came from.
CREATE TABLE searches (
    id          TEXT    PRIMARY KEY NOT NULL,
    -- Who searched; a Discord id, an SQLite integer holds it whole.
    user_id     INTEGER NOT NULL,
    -- The words that were searched for, or the entry that others should be like.
    query       TEXT,
    like_entry  TEXT,
    -- JSON of the filter.
    filter      TEXT    NOT NULL,
    -- JSON list of the entries that were found, best first.
    results     TEXT    NOT NULL,
    page_size   INTEGER NOT NULL,
    -- Seconds since 1970.
    created_at  INTEGER NOT NULL,
    CHECK ((query IS NULL) <> (like_entry IS NULL))
) STRICT;

CREATE INDEX searches_by_user ON searches (user_id);
CREATE INDEX searches_by_age ON searches (created_at);
