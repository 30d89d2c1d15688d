-- Synthetic pictures that people asked for: what each is made from, so that it can be begun again
-- after a crash, and what the buttons under it need after a restart.
CREATE TABLE pictures (
    id          TEXT    PRIMARY KEY NOT NULL,
    -- Who asked, and in which server; a Discord id, whose 64 bits are kept as they are. 0 is the
    -- shell.
    user_id     BIGINT  NOT NULL,
    server_id   BIGINT  NOT NULL,
    -- What it should show, and what not, as it was typed.
    prompt      TEXT    NOT NULL,
    negative    TEXT    NOT NULL,
    -- 64 bits, kept as they are. The seed is that of the picture that was made: another than the
    -- one asked for where that one came too near a training picture.
    seed        BIGINT  NOT NULL,
    -- How many are drawn from this seed on, to keep the best; 1 once it was made.
    candidates  BIGINT  NOT NULL,
    steps       BIGINT  NOT NULL,
    guidance    DOUBLE PRECISION NOT NULL,
    -- In pixels.
    width       BIGINT  NOT NULL,
    height      BIGINT  NOT NULL,
    scheduler   TEXT    NOT NULL,
    -- Of a variant, JSON: how far it goes from its start, and the atlas's entry that this is.
    variant     TEXT,
    -- The start where somebody gave it, a PNG. It goes when the job has ended.
    start       BYTEA,
    -- Seconds since 1970.
    created_at  BIGINT  NOT NULL,
    -- From here on NULL until it is made. The model's name and version.
    model       TEXT,
    -- JSON of what is told beside it: the nearest real pictures, what the checks found.
    told        TEXT,
    -- Until they were posted: the marked file, a PNG, and the sheet on which the picture stands
    -- beside the nearest real ones, a JPEG.
    file        BYTEA,
    sheet       BYTEA,
    made_at     BIGINT,
    CHECK ((start IS NULL) OR (variant IS NOT NULL)),
    CHECK ((made_at IS NULL) = (model IS NULL))
);

CREATE INDEX pictures_by_user ON pictures (user_id);
CREATE INDEX pictures_by_age ON pictures (created_at);

-- Who reported a picture, and why: once a person.
CREATE TABLE picture_reports (
    picture_id  TEXT    NOT NULL REFERENCES pictures (id) ON DELETE CASCADE,
    user_id     BIGINT  NOT NULL,
    reason      TEXT    NOT NULL,
    -- Seconds since 1970.
    created_at  BIGINT  NOT NULL,
    PRIMARY KEY (picture_id, user_id)
);

CREATE INDEX picture_reports_by_user ON picture_reports (user_id);
