-- What the buttons under a comparison need after a restart: what stands on each side. Of a picture
-- that somebody compared nothing is stored but the entries it led to.
CREATE TABLE comparisons (
    id         TEXT    PRIMARY KEY NOT NULL,
    -- Who compared; a Discord id, an SQLite integer holds it whole.
    user_id    INTEGER NOT NULL,
    -- JSON of each side: what it shows, and its entries, best first.
    side_a     TEXT    NOT NULL,
    side_b     TEXT    NOT NULL,
    -- Seconds since 1970.
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX comparisons_by_user ON comparisons (user_id);
CREATE INDEX comparisons_by_age ON comparisons (created_at);

-- The first choice of "Compare with…" in the menu of a message, until the second is made: one a
-- person, for some minutes.
CREATE TABLE comparison_choices (
    user_id    INTEGER PRIMARY KEY NOT NULL,
    -- The message that was chosen.
    message_id INTEGER NOT NULL,
    -- JSON of the side that it will be.
    side       TEXT    NOT NULL,
    -- Seconds since 1970.
    chosen_at  INTEGER NOT NULL
) STRICT;
