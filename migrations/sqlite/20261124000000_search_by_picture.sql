-- A search by a picture: 1, with the words beside it in `query`, which are empty where there were
-- none. The picture itself is never stored.
ALTER TABLE searches ADD COLUMN by_picture INTEGER NOT NULL DEFAULT 0;
